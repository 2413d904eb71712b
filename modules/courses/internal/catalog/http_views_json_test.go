package catalog

import (
	"math/rand/v2"
	"testing"

	"github.com/go-json-experiment/json"
	"github.com/stretchr/testify/require"

	"lyceum/modules/courses/internal/course"
	"lyceum/modules/courses/internal/learning"
	"lyceum/modules/users/usersapi"
	"lyceum/platform/clock"
	"lyceum/platform/httpx/jsonappend"
	"lyceum/platform/httpx/pagination"
	"lyceum/platform/ids"
	"lyceum/platform/testkit"
)

var oddTexts = []string{
	"", "plain", `"quoted" \back`, "<script>&amp;", "tab\tline\nend", "\u2028\u2029", "日本 🦉 é", "\u0001\u007f",
	"ﬀ",
}

func pick[T any](r *rand.Rand, some ...T) T { return some[r.IntN(len(some))] }

func randomTime(r *rand.Rand) *clock.Time {
	at := clock.FromMillis(r.Int64N(253402300799999))
	return pick(r, nil, &at)
}

func randomCourse(r *rand.Rand) CourseView {
	line := func() string { return pick(r, oddTexts...) }
	key, at := line(), clock.FromMillis(r.Int64N(4e12))
	c := course.Course{}
	if err := c.SetTags([]string{"a<b", `"q" \\`, "日本 🦉"}); err != nil {
		panic(err)
	}
	progress := &learning.ProgressView{
		Percent: r.IntN(101), CompletedLessons: r.IntN(9), TotalLessons: r.IntN(9), CompletedAt: randomTime(r),
	}
	return CourseView{
		ID: ids.New(), Slug: line(), Title: line(), Summary: line(), Visibility: course.Public, Status: course.Draft,
		Tags: tagList(pick(r, "[]", c.Tags)), CoverKey: pick(r, nil, &key),
		Owner:       usersapi.Person{ID: ids.New(), DisplayName: line()},
		LessonCount: r.IntN(501), CreatedAt: at, UpdatedAt: at,
		PublishedAt: randomTime(r), DeletedAt: randomTime(r), Progress: pick(r, nil, progress),
	}
}

func randomOutline(r *rand.Rand) OutlineView {
	key, days, at := pick(r, oddTexts...), r.IntN(36501), clock.FromMillis(r.Int64N(4e12))
	captions := pick(r, course.NoCaptions, `[{"language":"en","label":"a \"b\" <c>","asset_key":"日本"}]`)
	return OutlineView{
		ID: ids.New(), CourseID: ids.New(), Position: r.IntN(501), Title: pick(r, oddTexts...),
		AssetKey: pick(r, nil, &key), DurationSeconds: r.IntN(9), Captions: captionList(captions),
		PrerequisiteIDs: pick(r, []string{}, []string{"a"}, []string{"a", "b"}),
		AvailableFrom:   randomTime(r), AvailableAfterDays: pick(r, nil, &days),
		Locked: pick(r, true, false), LockedBy: pick(r, []string{}, []string{"x", "y"}), AvailableAt: randomTime(r),
		CreatedAt: at, UpdatedAt: at,
	}
}

// What the views append is what the library makes of their types.
func TestAppendJSON(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(1, uint64(testkit.Seed(t))))
	cursor := "next"
	for range 2000 {
		page := pagination.Page[CourseView]{
			Items:      []CourseView{randomCourse(r), randomCourse(r)}[:r.IntN(3)],
			NextCursor: pick(r, nil, &cursor),
		}
		lessons := []OutlineView{randomOutline(r), randomOutline(r)}[:r.IntN(3)]
		detail := DetailView{randomCourse(r), pick(r, oddTexts...), lessons}
		for _, v := range []jsonappend.Value{page, detail} {
			want, err := json.Marshal(v, json.Deterministic(true))
			require.NoError(t, err)
			require.Equal(t, string(want), string(v.AppendJSON(nil)))
		}
	}
}

// A view with the parts that are kept with its course is written as one without.
func TestCourseParts(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(2, uint64(testkit.Seed(t))))
	for range 1000 {
		v := randomCourse(r)
		want := string(v.AppendJSON(nil))
		v.parts = newCourseParts(&course.Course{
			ID: v.ID, Slug: v.Slug, Title: v.Title, Summary: v.Summary, Visibility: v.Visibility, Status: v.Status,
			Tags: string(v.Tags), CoverKey: v.CoverKey, OwnerID: v.Owner.ID, LessonCount: v.LessonCount,
			CreatedAt: v.CreatedAt, UpdatedAt: v.UpdatedAt, PublishedAt: v.PublishedAt, DeletedAt: v.DeletedAt,
		})
		require.Equal(t, want, string(v.AppendJSON(nil)))
	}
}
