package pagination

import (
	"errors"
	"net/url"
	"strings"
	"testing"

	"github.com/danielgtaylor/huma/v2"
	"github.com/go-json-experiment/json"
	"github.com/stretchr/testify/require"

	"lyceum/platform/httpx/requestinfo"
)

type row struct{ n int64 }

func viewOf(r *row) int64 { return r.n }

func placeOf(r *row) place { return place{At: r.n} }

// fetchFrom returns rows 1 to count after a position.
func fetchFrom(count int64) func(*place, int) ([]row, error) {
	return func(after *place, limit int) (rows []row, err error) {
		next := int64(1)
		if after != nil {
			next = after.At + 1
		}
		for ; next <= count && len(rows) < limit; next++ {
			rows = append(rows, row{next})
		}
		return rows, nil
	}
}

func TestListWalksAllPages(t *testing.T) {
	c := newCursors(t)
	for name, want := range map[string][][]int64{
		"empty":           {{}},
		"less than one":   {{1, 2}},
		"exactly one":     {{1, 2, 3}},
		"one item beyond": {{1, 2, 3}, {4}},
		"three":           {{1, 2, 3}, {4, 5, 6}, {7}},
	} {
		t.Run(name, func(t *testing.T) {
			var count int64
			for _, page := range want {
				count += int64(len(page))
			}
			query, uri := Query{Limit: 3}, "/numbers?limit=3&q=a%20b"
			for i, page := range want {
				ctx := requestinfo.NewContext(t.Context(), &requestinfo.Info{URI: uri})
				out, err := List(ctx, c.NewRequest("numbers", nil, query), fetchFrom(count), ViewEach(viewOf),
					placeOf)
				require.NoError(t, err)
				require.Equal(t, page, out.Body.Items)
				if i == len(want)-1 {
					require.Nil(t, out.Body.NextCursor)
					require.Empty(t, out.Link)
					return
				}
				uri = strings.TrimSuffix(strings.TrimPrefix(out.Link, "<"), `>; rel="next"`)
				link, err := url.Parse(uri)
				require.NoError(t, err)
				require.Equal(t, url.Values{"limit": {"3"}, "q": {"a b"}, "cursor": {*out.Body.NextCursor}},
					link.Query())
				query.Cursor = *out.Body.NextCursor
			}
		})
	}
}

func TestListErrors(t *testing.T) {
	c, broken := newCursors(t), errors.New("broken")
	failFetch := func(*place, int) ([]row, error) { return nil, broken }
	failViews := func([]row) ([]int64, error) { return nil, broken }
	t.Run("a forged cursor, before anything is fetched", func(t *testing.T) {
		_, err := List(t.Context(), c.NewRequest("numbers", nil, Query{Limit: 3, Cursor: "x"}), failFetch,
			failViews, placeOf)
		require.ErrorContains(t, err, "validation-failed")
	})
	t.Run("fetch", func(t *testing.T) {
		_, err := List(t.Context(), c.NewRequest("numbers", nil, Query{Limit: 3}), failFetch,
			ViewEach(viewOf), placeOf)
		require.ErrorIs(t, err, broken)
	})
	t.Run("views", func(t *testing.T) {
		_, err := List(t.Context(), c.NewRequest("numbers", nil, Query{Limit: 3}), fetchFrom(9), failViews, placeOf)
		require.ErrorIs(t, err, broken)
	})
}

func TestViewsSeeOnlyThePage(t *testing.T) {
	seen := 0
	_, err := List(t.Context(), newCursors(t).NewRequest("numbers", nil, Query{Limit: 3}), fetchFrom(9),
		func(rows []row) ([]int64, error) {
			seen = len(rows)
			return nil, nil
		}, placeOf)
	require.NoError(t, err)
	require.Equal(t, 3, seen, "the row that tells of a next page is not shown")
}

func TestResponse(t *testing.T) {
	t.Run("a page has an ETag", func(t *testing.T) {
		var info requestinfo.Info
		(&Response[int]{}).Annotate(&info)
		require.Equal(t, requestinfo.Info{HasETag: true}, info)
	})
	t.Run("a stream has none", func(t *testing.T) {
		var info requestinfo.Info
		s := &huma.StreamResponse{}
		NewStreamResponse[int](s).Annotate(&info)
		require.Equal(t, requestinfo.Info{Stream: s}, info)
	})
	require.True(t, IsResponse(new(Response[int])))
	require.False(t, IsResponse(new(int)))
}

func TestPagesAreWrittenAsByTheLibrary(t *testing.T) {
	cursor := "abc"
	for _, p := range []Page[string]{{Items: []string{}}, {Items: []string{"a", "\"b\""}, NextCursor: &cursor}} {
		type plain Page[string]
		want, err := json.Marshal(plain(p))
		require.NoError(t, err)
		require.Equal(t, string(want), string(p.AppendJSON(nil)))
	}
}
