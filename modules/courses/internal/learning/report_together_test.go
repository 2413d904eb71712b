package learning

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"lyceum/modules/courses/internal/coursetest"
	"lyceum/platform/batching"
	"lyceum/platform/clock"
	"lyceum/platform/db"
	"lyceum/platform/ids"
	"lyceum/platform/testkit/dbtest"
)

// sendReport returns a report of an account about the i-th lesson of the school.
func (s *school) sendReport(userID string, i, percent int) *learnerReport {
	return &learnerReport{
		report: report{Percent: percent}, userID: userID, courseID: s.courses[i].ID, lessonID: s.lessons[i].ID,
	}
}

// sumOf returns the sum of an account's percentages in the i-th course.
func (s *school) sumOf(userID string, i int) (sum int) {
	s.t.Helper()
	require.NoError(s.t, s.db.QueryRow(s.t.Context(),
		"SELECT percent_sum FROM course_progress WHERE user_id = ? AND course_id = ?",
		[]any{userID, s.courses[i].ID}, &sum))
	return sum
}

func TestReportsOfManyInOneStatement(t *testing.T) {
	s := newSchool(t, dbtest.Open(t, dbtest.Postgres(t), dbtest.ReadMigrations(t, "../..")))
	uli, olga, stranger := ids.New(), ids.New(), ids.New()
	s.learn(uli) // 50 percent of each lesson
	s.learn(olga)
	second := coursetest.NewLesson(s.courses[0].ID)
	second.Position = 2
	coursetest.Insert(t, s.db, second)
	ofSecond := s.sendReport(uli, 0, 30)
	ofSecond.lessonID = second.ID
	ofNothing := s.sendReport(uli, 1, 70)
	ofNothing.lessonID = ids.New()
	reports := []*learnerReport{
		s.sendReport(uli, 0, 60), s.sendReport(stranger, 0, 70), ofSecond, s.sendReport(olga, 0, 10),
		s.sendReport(olga, 3, 100), ofNothing,
	}
	require.NoError(t, s.store.writeReports(t.Context(), reports, coursetest.Noon))
	for i, want := range []struct {
		percent   int
		isWritten bool
	}{{60, true}, {0, false}, {30, true}, {50, false}, {100, true}, {0, false}} {
		r := reports[i]
		require.Equal(t, want.isWritten, r.isWritten, i)
		require.Equal(t, want.percent > 0, r.after != nil, "an outcome, or the steps: %d", i)
		if r.after != nil {
			require.Equal(t, want.percent, r.after.Percent, i)
			require.Equal(t, r.userID, r.after.UserID)
			require.Equal(t, r.lessonID, r.after.LessonID)
			require.Equal(t, want.percent == 100, r.after.CompletedAt != nil)
		}
	}
	require.Equal(t, 90, s.sumOf(uli, 0), "two lessons in one statement")
	require.Equal(t, 50, s.sumOf(olga, 0))
	require.Equal(t, 100, s.sumOf(olga, 3))
}

// What another transaction holds is left to the steps, and holds up nobody else.
func TestHeldRowsAreSkipped(t *testing.T) {
	s := newSchool(t, dbtest.Open(t, dbtest.Postgres(t), dbtest.ReadMigrations(t, "../..")))
	uli, olga := ids.New(), ids.New()
	s.learn(uli)
	s.learn(olga)
	err := s.db.InTx(t.Context(), func(ctx context.Context) error {
		require.NoError(t, s.store.holdSums(ctx, uli, s.courses[0].ID, coursetest.Noon))
		_, err := s.db.Exec(ctx, "SELECT 1 FROM courses WHERE id = ? FOR UPDATE", s.courses[1].ID)
		require.NoError(t, err)
		reports := []*learnerReport{
			s.sendReport(uli, 0, 60), s.sendReport(olga, 0, 60), s.sendReport(olga, 1, 60), s.sendReport(uli, 0, 10),
		}
		require.NoError(t, s.store.writeReports(t.Context(), reports[:3], coursetest.Noon))
		require.Nil(t, reports[0].after, "the sums are held")
		require.True(t, reports[1].isWritten)
		require.Nil(t, reports[2].after, "the course is held")
		require.NoError(t, s.store.writeReports(t.Context(), reports[3:], coursetest.Noon))
		require.NotNil(t, reports[3].after, "it changes nothing")
		return nil
	})
	require.NoError(t, err)
}

// Two reports of one learner about one lesson that arrive together are written in their order.
func TestRepeatedReportsFollowEachOther(t *testing.T) {
	s := newSchool(t, dbtest.Open(t, dbtest.Postgres(t), dbtest.ReadMigrations(t, "../..")))
	service := NewService(s.db, nil, nil, nil, fixedClock{})
	uli := ids.New()
	s.learn(uli)
	reports := []*learnerReport{
		s.sendReport(uli, 0, 60), s.sendReport(uli, 0, 80), s.sendReport(uli, 0, 70), s.sendReport(uli, 1, 55),
	}
	require.NoError(t, service.writeBatch(reports))
	for i, want := range []int{60, 80, 80, 55} {
		require.Equal(t, want, reports[i].after.Percent, i)
		require.Equal(t, i != 2, reports[i].isWritten, i)
	}
	require.Equal(t, 80, s.sumOf(uli, 0))
}

// A batch that fails leaves each of its reports to the steps, so that one can't break the others.
func TestAFailedBatchLeavesItsReportsToTheSteps(t *testing.T) {
	d := dbtest.Open(t, dbtest.Postgres(t), dbtest.ReadMigrations(t, "../.."))
	s := newSchool(t, d)
	service := NewService(d, nil, nil, nil, fixedClock{})
	service.reports = batching.NewGroup(func([]*learnerReport) error { return db.ErrNotFound })
	p, err := service.writeTogether(t.Context(), s.courses[0].ID, s.lessons[0].ID, report{Percent: 10})
	require.NoError(t, err)
	require.Nil(t, p)
	service.reports = batching.NewGroup(func([]*learnerReport) error { return context.DeadlineExceeded })
	_, err = service.writeTogether(t.Context(), s.courses[0].ID, s.lessons[0].ID, report{Percent: 10})
	require.ErrorIs(t, err, context.DeadlineExceeded, "the steps would wait as long")
}

// fixedClock always shows noon.
type fixedClock struct{}

func (fixedClock) Now() clock.Time { return coursetest.Noon }
