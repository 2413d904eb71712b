package courses_test

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"lyceum/app/sitetest"
	"lyceum/platform/testkit"
)

// cast are the accounts of the programs of one worker.
type cast struct {
	owner, teacher, member, user, admin, anonymous sitetest.Account
}

func newCast(s *sitetest.Site, n int) cast {
	admin := s.AdminToken()
	account := func(name, role string) sitetest.Account {
		return s.NewQuietAccount(fmt.Sprint(name, "-", n), role, admin)
	}
	return cast{account("owner", "instructor"), account("teacher", "instructor"), account("member", "member"),
		account("user", "user"), account("admin", "admin"), sitetest.Account{Role: "anonymous"}}
}

func (c cast) all() []sitetest.Account {
	return []sitetest.Account{c.owner, c.teacher, c.member, c.user, c.admin, c.anonymous}
}

// modelProgram is one random program over courses of its own, and what the model says of them.
type modelProgram struct {
	cast
	t *testing.T
	s *sitetest.Site
	// replicas take turns with the requests; nil if there is only s.
	replicas *replicas
	r        *rand.Rand
	// word stands in the title and the tags of all its courses, and of no others.
	word, asset string
	courses     []*modelCourse
	gone        []string // lessons
	story       []string
	names       []string // pairs of an id and what the story calls it
}

// Random programs of everything that can be done with courses agree, step by step and as a whole, with a model
// that was written from the contract.
func TestCoursesMatchModel(t *testing.T) {
	const workers = 4
	sitetest.OnBoth(t, map[string]string{"RATE_LIMIT_ENABLED": "false", "ACCESS_TOKEN_TTL": "24h"},
		func(t *testing.T, s *sitetest.Site) {
			seed, programs, began := modelSeed(t), testkit.Rounds(10_000), time.Now()
			t.Cleanup(func() { t.Logf("%d programs in %s", programs, time.Since(began).Round(time.Second)) })
			for w := range workers {
				t.Run(fmt.Sprint("worker ", w), func(t *testing.T) {
					t.Parallel()
					own := *s
					own.T = t
					c, told := newCast(&own, w), map[sitetest.Account]map[string]bool{}
					for n := w; n < programs; n += workers {
						p := &modelProgram{cast: c, t: t, s: &own}
						p.run(seed, n)
						p.completions(told)
					}
					checkCompletions(&own, c, told)
				})
			}
		})
}

// modelSeed returns the same seed in every ordinary run, and a new one when everything is to be proved.
func modelSeed(t *testing.T) int64 {
	if os.Getenv(testkit.EnvProve) == "1" || os.Getenv(testkit.EnvSeed) != "" {
		return testkit.Seed(t)
	}
	return 1
}

// run runs the n-th program of a seed.
func (p *modelProgram) run(seed int64, n int) {
	p.r, p.word = rand.New(rand.NewPCG(uint64(seed), uint64(n))), fmt.Sprintf("trial%05d", n)
	defer func() {
		if p.t.Failed() {
			p.t.Logf("LYCEUM_SEED=%d, program %d:\n%s", seed, n, p)
		}
	}()
	p.prepare()
	for range 15 + p.r.IntN(11) {
		p.step()
	}
	for _, a := range p.all() {
		p.checkView(a)
	}
}

// String is the story so far, with names instead of ids.
func (p *modelProgram) String() string {
	return strings.NewReplacer(p.names...).Replace(strings.Join(p.story, "\n"))
}

// call makes a request and compares status and code of the answer with those of the model.
func (p *modelProgram) call(want int, code string, a sitetest.Account, method, path string, body any) sitetest.Answer {
	line := fmt.Sprintf("%s: %s %s %s", a.Role, method, path, encodeJSON(p.t, body))
	if a == p.owner {
		line = "owner" + line[len(a.Role):]
	}
	if method != http.MethodGet {
		p.story = append(p.story, line)
	}
	s := p.s
	if p.replicas != nil {
		s = p.replicas.pick(p.t, p.r)
	}
	got := s.Call(method, path, a.Token, body)
	require.Equal(p.t, want, got.Status, "%s: %s", line, got.Raw)
	if code == "" {
		code = map[int]string{401: "unauthenticated", 403: "forbidden", 404: "not-found", 422: "validation-failed"}[want]
	}
	require.Equal(p.t, code, got.Text("code"), "%s: %s", line, got.Raw)
	return got
}

// pick chooses one of several words.
func (p *modelProgram) pick(words ...string) string { return words[p.r.IntN(len(words))] }

// chance returns true one time in n.
func (p *modelProgram) chance(n int) bool { return p.r.IntN(n) == 0 }

// editor returns the owner in most cases, learner an account that may not edit.
func (p *modelProgram) editor() sitetest.Account {
	if p.chance(3) {
		return p.anyone()
	}
	return p.owner
}

func (p *modelProgram) learner() sitetest.Account {
	if p.chance(4) {
		return p.anyone()
	}
	return []sitetest.Account{p.member, p.user}[p.r.IntN(2)]
}

func (p *modelProgram) anyone() sitetest.Account { return p.all()[p.r.IntN(6)] }

// completions adds which accounts must be notified of which courses; false where they may be.
func (p *modelProgram) completions(told map[sitetest.Account]map[string]bool) {
	for _, c := range p.courses {
		for a, l := range c.learners {
			if told[a] == nil {
				told[a] = map[string]bool{}
			}
			if l.completed {
				told[a]["/courses/"+c.id] = l.isToldForSure
			}
		}
	}
}

// checkCompletions compares the notifications of every account with what it has completed, each course
// once.
func checkCompletions(s *sitetest.Site, c cast, want map[sitetest.Account]map[string]bool) {
	for _, a := range c.all()[:5] {
		require.EventuallyWithT(s.T, func(e *assert.CollectT) {
			got := s.CountCompletions(a.Token)
			for course, certain := range want[a] {
				require.True(e, !certain || got[course] == 1, "%s was told %d times of %s", a.Email, got[course], course)
			}
			for course, n := range got {
				_, completed := want[a][course]
				require.True(e, completed && n == 1, "%s was told %d times of %s", a.Email, n, course)
			}
		}, time.Minute, time.Second)
	}
}
