package learning

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"lyceum/modules/courses/internal/coursetest"
	"lyceum/modules/users/usersapi"
	"lyceum/platform/identity"
	"lyceum/platform/ids"
	"lyceum/platform/testkit"
	"lyceum/platform/testkit/dbtest"
)

// randomReport returns a report without a reset, one in four without a position. Few values differ, so
// that many reports change nothing.
func randomReport(random *rand.Rand) report {
	r := report{Percent: min(20*random.IntN(6)+random.IntN(3), 100)}
	if random.IntN(4) > 0 {
		seconds := random.IntN(4)
		r.PositionSeconds = &seconds
	}
	return r
}

// The statement of PostgreSQL and report.apply are one rule.
func TestWriteReportsFollowsApply(t *testing.T) {
	s := newSchool(t, dbtest.Open(t, dbtest.Postgres(t), dbtest.ReadMigrations(t, "../..")))
	random := rand.New(rand.NewPCG(uint64(testkit.Seed(t)), 1))
	lesson := s.lessons[0]
	written, kept := 0, 0
	for range testkit.Rounds(500) {
		caller := identity.Caller{UserID: ids.New(), Role: usersapi.RoleUser}
		s.learn(caller.UserID)
		now := coursetest.Noon
		for range 12 {
			r := randomReport(random)
			before, err := s.store.findProgress(t.Context(), caller.UserID, lesson)
			require.NoError(t, err)
			want, changes := r.apply(*before), r.changes(before)
			if want.Percent == 100 && want.CompletedAt == nil {
				want.CompletedAt, changes = &now, true
			}
			if changes {
				want.UpdatedAt = now
			}

			sent := &learnerReport{report: r, userID: caller.UserID, courseID: lesson.CourseID, lessonID: lesson.ID}
			require.NoError(t, s.store.writeReports(t.Context(), []*learnerReport{sent}, now))
			answer, isWritten := sent.after, sent.isWritten
			require.Equal(t, changes, isWritten, "%+v on %+v", r, before)
			after, err := s.store.findProgress(t.Context(), caller.UserID, lesson)
			require.NoError(t, err)
			require.Equal(t, want, *after, "%+v on %+v", r, before)
			answer.PositionSeconds = after.PositionSeconds // the statement does not return it
			require.Equal(t, after, answer)

			now = now.Add(time.Second)
			written, kept = written+map[bool]int{true: 1}[isWritten], kept+map[bool]int{false: 1}[isWritten]
		}
		var sum int
		require.NoError(t, s.db.Conn(t.Context()).Raw(`SELECT percent_sum FROM course_progress WHERE user_id = ?
			AND course_id = ?`, caller.UserID, lesson.CourseID).Scan(&sum).Error)
		after, err := s.store.findProgress(t.Context(), caller.UserID, lesson)
		require.NoError(t, err)
		require.Equal(t, after.Percent, sum)
	}
	require.Positive(t, written)
	require.Positive(t, kept)
}
