package apptest

import (
	"fmt"
	"net/http"
	"slices"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"

	"lyceum/platform/httpx"
	"lyceum/platform/httpx/requestinfo"
)

// CheckProblems fails the test if an operation of the server answers with a problem that the API document does
// not say it may answer with. It is called before the server serves.
func CheckProblems(t testing.TB, s *httpx.Server) {
	t.Helper()
	hidden := map[string]bool{}
	for _, r := range s.ListRoutes() {
		hidden[r.Path] = hidden[r.Path] || r.Hidden
	}
	var mu sync.Mutex
	var faults []string
	s.OnAnswer(func(info *requestinfo.Info, status int) {
		if status < http.StatusBadRequest || info.Route == "" || info.ProblemCode == "" || hidden[info.Route] ||
			s.IsDocumented(info.Method, info.Route, info.ProblemCode) {
			return
		}
		fault := fmt.Sprintf("%s %s answers with %s, which its route does not declare", info.Method, info.Route, info.ProblemCode)
		mu.Lock()
		defer mu.Unlock()
		if !slices.Contains(faults, fault) {
			faults = append(faults, fault)
		}
	})
	t.Cleanup(func() {
		mu.Lock()
		defer mu.Unlock()
		assert.Empty(t, faults, "see httpx.Answers")
	})
}
