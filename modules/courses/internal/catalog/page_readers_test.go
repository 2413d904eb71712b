package catalog

import (
	"testing"

	"github.com/stretchr/testify/require"

	"lyceum/modules/courses/internal/course"
	"lyceum/modules/courses/internal/coursetest"
	"lyceum/platform/ids"
	"lyceum/platform/testkit/dbtest"
)

// Readers that are answered together find what each finds alone.
func TestReadersOfPagesTogether(t *testing.T) {
	t.Parallel()
	d := dbtest.Open(t, dbtest.Postgres(t), dbtest.ReadMigrations(t, "../.."))
	s := &Service{store: &store{d}}
	var found []course.ListedCourse
	for range 5 {
		c := coursetest.NewCourse(ids.New(), "Course")
		coursetest.Insert(t, d, c)
		found = append(found, course.ListedCourse{Course: *c})
	}
	users := []string{ids.New(), ids.New(), ids.New()}
	for i, userID := range users[:2] {
		for j, l := range found[i : i+3] {
			row := map[string]any{
				"user_id": userID, "course_id": l.Course.ID, "percent_sum": 10*i + j, "completed_lessons": j,
				"last_activity_at": coursetest.Noon,
			}
			require.NoError(t, d.Conn(t.Context()).Table("course_progress").Create(row).Error)
		}
	}
	pages := [][]listedCourse{newListedCourses(found), newListedCourses(found[2:])}
	copyOf := func(i int) []listedCourse { return append([]listedCourse{}, pages[i%2]...) }
	var readers []*pageReader
	for i := range 8 { // each account and each page more than once
		readers = append(readers, &pageReader{users[i%3], copyOf(i)})
	}
	require.NoError(t, s.fillProgressOfMany(readers))
	for i, r := range readers {
		alone := copyOf(i)
		require.NoError(t, s.store.fillProgress(t.Context(), alone, r.userID))
		require.Equal(t, alone, r.page, i)
	}
	require.NotNil(t, readers[0].page[0].Progress.PercentSum)
	require.Nil(t, readers[2].page[0].Progress.PercentSum, "no progress at all")
}
