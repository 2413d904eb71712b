package coursestest_test

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"lyceum/modules/courses/coursesapi"
	"lyceum/modules/courses/coursestest"
	"lyceum/platform/identity"
)

// answers are all answers of a reader, with the error of each.
func answers(t *testing.T, r *coursestest.Reader) (all []any, errs []error) {
	t.Helper()
	keep := func(err error, values ...any) { all, errs = append(all, values...), append(errs, err) }
	course, ok, err := r.Find(t.Context(), "c")
	keep(err, course, ok)
	mayRead, err := r.CanRead(t.Context(), identity.Caller{UserID: "u"}, "c")
	keep(err, mayRead)
	isEnrolled, err := r.Enrolled(t.Context(), "u", "c")
	keep(err, isEnrolled)
	courseIDs, err := r.EnrolledCourses(t.Context(), "u")
	keep(err, courseIDs)
	learners, err := r.Learners(t.Context(), "c")
	keep(err, learners)
	return all, errs
}

func TestReader(t *testing.T) {
	none := []error{nil, nil, nil, nil, nil}
	t.Run("without functions", func(t *testing.T) {
		all, errs := answers(t, &coursestest.Reader{})
		require.Equal(t, []any{coursesapi.Course{}, false, false, false, []string(nil), []string(nil)}, all)
		require.Equal(t, none, errs)
	})
	full := coursestest.Reader{
		FindFunc:            func(id string) (coursesapi.Course, bool) { return coursesapi.Course{ID: id}, true },
		CanReadFunc:         func(caller identity.Caller, id string) bool { return caller.UserID == "u" && id == "c" },
		EnrolledFunc:        func(userID, id string) bool { return userID == "u" && id == "c" },
		EnrolledCoursesFunc: func(userID string) []string { return []string{"c of " + userID} },
		LearnersFunc:        func(id string) []string { return []string{"u of " + id} },
	}
	t.Run("as its functions say", func(t *testing.T) {
		all, errs := answers(t, &full)
		require.Equal(t, []any{coursesapi.Course{ID: "c"}, true, true, true, []string{"c of u"}, []string{"u of c"}}, all)
		require.Equal(t, none, errs)
	})
	t.Run("with an error", func(t *testing.T) {
		full.Err = errors.New("away")
		_, errs := answers(t, &full)
		for _, err := range errs {
			require.ErrorIs(t, err, full.Err)
		}
	})
}
