package courses

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"lyceum/modules/users/usersapi"
	"lyceum/platform/clock"
	"lyceum/platform/db"
	"lyceum/platform/ids"
	"lyceum/platform/migrate"
	"lyceum/platform/testkit"
)

func TestMain(m *testing.M) { testkit.Main(m) }

// school is the module's tables with courses of ivo's, in which others learn.
type school struct {
	t       *testing.T
	store   *store
	ivo     string
	courses []course
	lessons []lesson
}

// onBothDatabases runs a test on SQLite and on PostgreSQL.
func onBothDatabases(t *testing.T, test func(t *testing.T, s *school)) {
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		test(t, newSchool(t, db.Options{Dir: t.TempDir(), MaxConns: 8}))
	})
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		test(t, newSchool(t, db.Options{URL: testkit.Postgres(t), MaxConns: 8}))
	})
}

var noon = clock.FromMillis(1_795_608_000_000)

func newSchool(t *testing.T, o db.Options) *school {
	t.Helper()
	d, err := db.Open(t.Context(), o)
	require.NoError(t, err)
	t.Cleanup(func() { _ = d.Close() })
	r, err := migrate.NewRunner(d, Migrations)
	require.NoError(t, err)
	_, err = r.Up(t.Context())
	require.NoError(t, err)
	s := &school{t: t, store: newStore(d), ivo: ids.New()}
	for i := range 5 {
		c := course{ID: ids.New(), Slug: fmt.Sprintf("c%d", i), Title: fmt.Sprintf("C %d", i), Visibility: public, Status: published, Tags: "[]",
			OwnerID: s.ivo, Version: 1, CreatedAt: noon, UpdatedAt: noon}
		require.NoError(t, s.store.insertCourse(t.Context(), &c))
		l := lesson{ID: ids.New(), CourseID: c.ID, Title: "L", Version: 1, CreatedAt: noon, UpdatedAt: noon}
		require.NoError(t, s.store.insertLesson(t.Context(), &l))
		s.courses, s.lessons = append(s.courses, c), append(s.lessons, l)
	}
	return s
}

// learn enrolls someone everywhere and brings him half through.
func (s *school) learn(user string) {
	ctx := s.t.Context()
	for i, c := range s.courses {
		_, err := s.store.enroll(ctx, []string{user}, c.ID, noon)
		require.NoError(s.t, err)
		require.NoError(s.t, s.store.lockSums(ctx, user, c.ID, noon))
		p := lessonProgress{UserID: user, LessonID: s.lessons[i].ID, CourseID: c.ID, Percent: 50, PositionSeconds: 7, UpdatedAt: noon}
		require.NoError(s.t, s.store.saveProgress(ctx, &p, 50, 0))
	}
}

// export reads an account's holdings in pages of two.
func (s *school) export(user string) map[string][]map[string]any {
	out := map[string][]map[string]any{}
	require.NoError(s.t, holdings{s.store, 2}.Export(s.t.Context(), user, func(section string, v any) error {
		raw, err := json.Marshal(v)
		require.NoError(s.t, err)
		var record map[string]any
		require.NoError(s.t, json.Unmarshal(raw, &record))
		out[section] = append(out[section], record)
		return nil
	}))
	return out
}

func TestHoldingsAreExportedAndErased(t *testing.T) {
	onBothDatabases(t, func(t *testing.T, s *school) {
		uli, olga := ids.New(), ids.New()
		s.learn(uli)
		s.learn(olga)
		at := noon.String()
		got, before := s.export(uli), s.export(olga)
		require.Len(t, got, 3)
		for i, c := range s.courses {
			require.Equal(t, map[string]any{"course_id": c.ID, "title": c.Title, "enrolled_at": at}, got["enrollments"][i])
			require.Equal(t, map[string]any{"course_id": c.ID, "title": c.Title, "percent": 50.0, "completed_lessons": 0.0, "last_activity_at": at, "completed_at": nil}, got["course_progress"][i])
			require.Equal(t, map[string]any{"lesson_id": s.lessons[i].ID, "course_id": c.ID, "percent": 50.0, "position_seconds": 7.0, "completed_at": nil, "updated_at": at}, got["lesson_progress"][i])
		}
		for section, records := range got {
			require.Len(t, records, 5, section)
		}
		for range 2 {
			require.NoError(t, s.store.db.InTx(t.Context(), func(ctx context.Context) error { return newHoldings(s.store).Erase(ctx, uli) }))
			require.Empty(t, s.export(uli))
			require.Equal(t, before, s.export(olga))
		}
	})
}

func TestHoldingsNameCoursesThatWereLeft(t *testing.T) {
	onBothDatabases(t, func(t *testing.T, s *school) {
		uli := ids.New()
		s.learn(uli)
		left := s.courses[2]
		ended, err := s.store.unenroll(t.Context(), uli, left.ID)
		require.NoError(t, err)
		require.True(t, ended)
		got := s.export(uli)
		require.Len(t, got["enrollments"], 4)
		require.Equal(t, []map[string]any{{"course_id": left.ID, "title": left.Title, "first_enrolled_at": noon.String()}}, got["past_enrollments"])
		require.NoError(t, newHoldings(s.store).Erase(t.Context(), uli))
		require.Empty(t, s.export(uli))
	})
}

func TestHoldingsOwnedCoursesStay(t *testing.T) {
	onBothDatabases(t, func(t *testing.T, s *school) {
		gone := s.courses[4]
		gone.DeletedAt = &noon
		require.NoError(t, s.store.saveCourse(t.Context(), &gone))
		owned := s.export(s.ivo)
		require.Len(t, owned, 1)
		require.Len(t, owned["courses_owned"], 5)
		at := noon.String()
		require.Equal(t, map[string]any{"id": s.courses[0].ID, "slug": "c0", "title": "C 0", "summary": "", "description": "", "status": "published",
			"visibility": "public", "created_at": at, "updated_at": at}, owned["courses_owned"][0])
		require.Equal(t, at, owned["courses_owned"][4]["deleted_at"])
		require.NoError(t, newHoldings(s.store).Erase(t.Context(), s.ivo))
		require.Equal(t, owned, s.export(s.ivo))

		full := errors.New("the disk is full")
		calls := 0
		err := newHoldings(s.store).Export(t.Context(), s.ivo, func(string, any) error { calls++; return full })
		require.ErrorIs(t, err, full)
		require.Equal(t, 1, calls)
	})
}

var _ usersapi.Holder = holdings{}
