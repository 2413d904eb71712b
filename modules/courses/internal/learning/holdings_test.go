package learning

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"lyceum/modules/courses/internal/course"
	"lyceum/modules/courses/internal/coursetest"
	"lyceum/modules/users/usersapi"
	"lyceum/modules/users/userstest"
	"lyceum/platform/db"
	"lyceum/platform/ids"
)

// school is a database with five courses of one owner, each with a lesson.
type school struct {
	t       *testing.T
	db      *db.DB
	store   *store
	owner   string
	courses []*course.Course
	lessons []*course.Lesson
}

func newSchool(t *testing.T, d *db.DB) *school {
	s := &school{t: t, db: d, store: &store{d}, owner: ids.New()}
	for i := range 5 {
		c := coursetest.NewCourse(s.owner, fmt.Sprintf("C %d", i))
		c.Slug, c.LessonCount = fmt.Sprintf("c%d", i), 1
		l := coursetest.NewLesson(c.ID)
		coursetest.Insert(t, d, c, l)
		s.courses, s.lessons = append(s.courses, c), append(s.lessons, l)
	}
	return s
}

// learn enrolls an account in every course and writes half of the progress.
func (s *school) learn(userID string) {
	ctx, noon := s.t.Context(), coursetest.Noon
	for i, c := range s.courses {
		_, err := s.store.enroll(ctx, []string{userID}, c.ID, noon)
		require.NoError(s.t, err)
		require.NoError(s.t, s.store.holdSums(ctx, userID, c.ID, noon))
		before, err := s.store.findProgress(ctx, userID, s.lessons[i])
		require.NoError(s.t, err)
		after := *before
		after.Percent, after.PositionSeconds, after.UpdatedAt = 50, 7, noon
		require.NoError(s.t, s.store.saveProgress(ctx, before, &after))
	}
}

// export reads an account's holdings in pages of two.
func (s *school) export(user string) map[string][]map[string]any {
	return userstest.ReadExport(s.t, holdings{s.store, 2}, user)
}

func TestHoldings(t *testing.T) {
	coursetest.OnBoth(t, func(t *testing.T, d *db.DB) {
		s := newSchool(t, d)
		uli, olga := ids.New(), ids.New()
		s.learn(uli)
		s.learn(olga)
		at := coursetest.Noon.String()
		got, before := s.export(uli), s.export(olga)
		require.Len(t, got, 3)
		for i, c := range s.courses {
			require.Equal(t, map[string]any{"course_id": c.ID, "title": c.Title, "enrolled_at": at}, got["enrollments"][i])
			require.Equal(t, map[string]any{
				"course_id": c.ID, "title": c.Title, "percent": 50.0, "completed_lessons": 0.0,
				"last_activity_at": at, "completed_at": nil,
			}, got["course_progress"][i])
			require.Equal(t, map[string]any{
				"lesson_id": s.lessons[i].ID, "course_id": c.ID, "percent": 50.0, "position_seconds": 7.0,
				"completed_at": nil, "updated_at": at,
			}, got["lesson_progress"][i])
		}
		for section, records := range got {
			require.Len(t, records, 5, section)
		}
		for range 2 {
			erase := func(ctx context.Context) error { return NewHolder(d).Erase(ctx, uli) }
			require.NoError(t, d.InTx(t.Context(), erase))
			require.Empty(t, s.export(uli))
			require.Equal(t, before, s.export(olga))
		}
	})
}

func TestHoldingsNamePastEnrollments(t *testing.T) {
	coursetest.OnBoth(t, func(t *testing.T, d *db.DB) {
		s := newSchool(t, d)
		uli := ids.New()
		s.learn(uli)
		left := s.courses[2]
		ended, err := s.store.unenroll(t.Context(), uli, left.ID)
		require.NoError(t, err)
		require.True(t, ended)
		got := s.export(uli)
		require.Len(t, got["enrollments"], 4)
		require.Equal(t,
			[]map[string]any{{"course_id": left.ID, "title": left.Title, "first_enrolled_at": coursetest.Noon.String()}},
			got["past_enrollments"])
		require.NoError(t, NewHolder(d).Erase(t.Context(), uli))
		require.Empty(t, s.export(uli))
	})
}

func TestHoldingsKeepOwnedCourses(t *testing.T) {
	coursetest.OnBoth(t, func(t *testing.T, d *db.DB) {
		s := newSchool(t, d)
		deleted := s.courses[4]
		deleted.DeletedAt = &coursetest.Noon
		require.NoError(t, d.Conn(t.Context()).Save(deleted).Error)
		owned := s.export(s.owner)
		require.Len(t, owned, 1)
		require.Len(t, owned["courses_owned"], 5)
		at := coursetest.Noon.String()
		require.Equal(t,
			map[string]any{
				"id": s.courses[0].ID, "slug": "c0", "title": "C 0", "summary": "", "description": "",
				"status":     "published",
				"visibility": "public", "created_at": at, "updated_at": at,
			}, owned["courses_owned"][0])
		require.Equal(t, at, owned["courses_owned"][4]["deleted_at"])
		require.NoError(t, NewHolder(d).Erase(t.Context(), s.owner))
		require.Equal(t, owned, s.export(s.owner))

		full := errors.New("the disk is full")
		calls := 0
		err := NewHolder(d).Export(t.Context(), s.owner, func(string, any) error { calls++; return full })
		require.ErrorIs(t, err, full)
		require.Equal(t, 1, calls)
	})
}

var _ usersapi.Holder = holdings{}
