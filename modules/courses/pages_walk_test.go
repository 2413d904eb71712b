package courses_test

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"lyceum/app/sitetest"
	"lyceum/platform/testkit"
)

// A walk through the pages of a list that changes meanwhile shows each course that was there all the
// time once, and no course twice.
func TestPagesOfChangingList(t *testing.T) {
	stay, others := max(testkit.Rounds(5000), 300), max(testkit.Rounds(200), 40)
	sitetest.OnBoth(t, map[string]string{"RATE_LIMIT_ENABLED": "false", "ACCESS_TOKEN_TTL": "24h"},
		func(t *testing.T, s *sitetest.Site) {
			admin := s.AdminToken()
			began := time.Now()
			staying := createCourses(s, admin, stay)
			t.Logf("%d courses in %s", stay, time.Since(began).Round(time.Millisecond))
			for _, sort := range []string{"newest", "title", "updated"} {
				began, walks, pages := time.Now(), 0, 0
				for over := addAndDelete(s, admin, others); walks == 0 || !over.Load(); walks++ {
					token := []string{"", admin}[walks%2]
					pages += walkPages(s, "/courses?tag=walk&sort="+sort+"&limit="+fmt.Sprint(stay/50), token, staying)
				}
				t.Logf("%s: %d walks of %d pages in %s", sort, walks, pages, time.Since(began).Round(time.Millisecond))
			}
		})
}

// createCourses creates n courses by several workers, so that some have the same time. Many have the same
// title.
func createCourses(s *sitetest.Site, token string, n int) map[string]bool {
	var wg sync.WaitGroup
	ids := make([]string, n)
	for w := range 4 {
		wg.Go(func() {
			for i := w; i < n; i += 4 {
				ids[i] = createWalkCourse(s, token, i)
			}
		})
	}
	wg.Wait()
	all := map[string]bool{}
	for _, id := range ids {
		all[id] = true
	}
	require.Len(s.T, all, n)
	return all
}

var walkSlug atomic.Int64

func createWalkCourse(s *sitetest.Site, token string, i int) string {
	// A slug of its own, as making one from a title looks for all that are like it.
	body := map[string]any{
		"title": fmt.Sprint("Walk ", i%97), "slug": fmt.Sprint("walk-", walkSlug.Add(1)), "status": "published",
		"tags": []string{"walk"},
	}
	return s.Want(201, "POST", "/courses", token, body).Text("id")
}

// addAndDelete adds n courses and deletes each again, some soon and some late. over is true once all of
// that is done.
func addAndDelete(s *sitetest.Site, token string, n int) (over *atomic.Bool) {
	over = &atomic.Bool{}
	var wg sync.WaitGroup
	wg.Go(func() {
		defer over.Store(true)
		var open []string
		for i := range n {
			open = append(open, createWalkCourse(s, token, i))
			if i%3 == 0 { // the oldest third goes meanwhile
				s.Want(204, "DELETE", "/courses/"+open[0], token, nil)
				open = open[1:]
			}
		}
		for _, id := range open {
			s.Want(204, "DELETE", "/courses/"+id, token, nil)
		}
	})
	s.T.Cleanup(wg.Wait)
	return over
}

// walkPages goes from page to page and returns their number.
func walkPages(s *sitetest.Site, path, token string, staying map[string]bool) (pages int) {
	seen, found := map[string]bool{}, 0
	for cursor := ""; ; pages++ {
		page := s.Want(200, "GET", path+cursor, token, nil)
		for _, item := range page.Items() {
			id := item.(map[string]any)["id"].(string)
			require.False(s.T, seen[id], "%s twice in %s, page %d", id, path, pages+1)
			seen[id] = true
			found += map[bool]int{true: 1}[staying[id]]
		}
		if page.Get("next_cursor") == nil {
			break
		}
		cursor = "&cursor=" + page.Text("next_cursor")
	}
	require.Equal(s.T, len(staying), found, "of those that stayed, in %s", path)
	return pages + 1
}
