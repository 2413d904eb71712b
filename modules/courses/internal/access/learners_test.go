package access

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"lyceum/modules/courses/internal/coursetest"
	"lyceum/modules/courses/internal/outline"
	"lyceum/platform/broadcast"
	"lyceum/platform/db"
	"lyceum/platform/ids"
	"lyceum/platform/testkit"
	"lyceum/platform/testkit/dbtest"
)

// Learners who are asked about together are found as each is found alone.
func TestLearnersTogether(t *testing.T) {
	t.Parallel()
	d := dbtest.Open(t, dbtest.Postgres(t), dbtest.ReadMigrations(t, "../.."))
	random := rand.New(rand.NewPCG(2, uint64(testkit.Seed(t))))
	service := NewService(d, outline.NewCache(d, broadcast.New(nil)), fixedClock{})
	callers, owner := allCallers()
	var learners []*learner
	for range 10 {
		for _, caller := range callers[1:] {
			lc := newLockCase(t, d, random, caller, owner)
			o, err := service.outlines.Find(t.Context(), lc.course.ID)
			require.NoError(t, err)
			c, err := service.newCallerCourse(t.Context(), o, "")
			require.NoError(t, err)
			learners = append(learners, &learner{userID: caller.UserID, course: c})
		}
	}
	require.NoError(t, service.fillLearners(learners))
	for _, l := range learners {
		alone := *l.course
		require.NoError(t, service.store.fillLearner(t.Context(), &alone, l.userID))
		require.NotNil(t, l.found)
		together := *l.course
		together.EnrolledAt, together.Progress = l.found.enrolledAt, l.found.progress
		together.noteCompleted(l.found.completed)
		require.Equal(t, alone, together)
	}
}

func TestTheLearnerOfADeletedCourse(t *testing.T) {
	t.Parallel()
	coursetest.OnBoth(t, func(t *testing.T, d *db.DB) {
		service := NewService(d, outline.NewCache(d, broadcast.New(nil)), fixedClock{})
		gone := &CallerCourse{Course: coursetest.NewCourse(ids.New(), "Gone"), outline: &outline.Outline{}}
		require.ErrorIs(t, service.fillLearner(t.Context(), gone, ids.New()), db.ErrNotFound)
	})
}
