package idempotency

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humafiber"
	"github.com/gofiber/fiber/v2"
	recovery "github.com/gofiber/fiber/v2/middleware/recover"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/stretchr/testify/require"

	"lyceum/platform/apperr"
	"lyceum/platform/clock"
	"lyceum/platform/db"
	"lyceum/platform/httpx/problem"
	"lyceum/platform/httpx/requestinfo"
	"lyceum/platform/identity"
	"lyceum/platform/testkit"
	"lyceum/platform/testkit/dbtest"
)

// fakeClock is a clock that tests move.
type fakeClock struct{ offset atomic.Int64 }

func (c *fakeClock) Now() clock.Time {
	return clock.FromTime(time.Now().Add(time.Duration(c.offset.Load())))
}

// site answers POST /notes with the number of the run of its handler.
func TestMain(m *testing.M) { testkit.Main(m) }

type site struct {
	t       *testing.T
	db      *db.DB
	clock   *fakeClock
	records *Records
	app     *fiber.App
	// runs counts calls of the handler, which fails with fail where that is set.
	runs atomic.Int64
	fail error
	// before runs in the handler ahead of its transaction, inside in the transaction, after behind it; nil for most.
	before, inside, after func(ctx context.Context)
}

type answerOf struct {
	Location string `header:"Location"`
	Body     struct {
		Run int64 `json:"run"`
	}
}

func newSite(t *testing.T) *site {
	t.Helper()
	return newSiteOn(t, dbtest.SQLite(t))
}

// newSiteOn is newSite for a database.
func newSiteOn(t *testing.T, o db.Options) *site {
	t.Helper()
	d := dbtest.Open(t, o, Migrations)
	require.NoError(t, d.Conn(t.Context()).Exec("CREATE TABLE notes (run bigint)").Error)
	s := &site{t: t, db: d, clock: &fakeClock{}, app: fiber.New(fiber.Config{DisableStartupMessage: true})}
	s.records = NewRecords(d, s.clock)
	t.Cleanup(func() { s.records.renewals.Wait() }) // before the database is closed
	s.app.Use(recovery.New(), func(c *fiber.Ctx) error {
		ctx := requestinfo.NewContext(context.Background(), &requestinfo.Info{Path: c.Path()})
		c.SetUserContext(identity.WithCaller(ctx, identity.Caller{UserID: c.Get("Test-Caller")}))
		return c.Next()
	})
	op := huma.Operation{
		Method: http.MethodPost, Path: "/notes", DefaultStatus: http.StatusCreated, Middlewares: huma.Middlewares{
			func(ctx huma.Context, next func(huma.Context)) { s.records.Middleware(ctx, next) },
		},
	}
	huma.Register(humafiber.New(s.app, huma.DefaultConfig("test", "1")), op,
		func(ctx context.Context, _ *struct{}) (*answerOf, error) {
			run := s.runs.Add(1)
			call(ctx, s.before)
			err := s.db.InTx(ctx, func(ctx context.Context) error {
				call(ctx, s.inside)
				return s.db.Conn(ctx).Exec("INSERT INTO notes (run) VALUES (?)", run).Error
			})
			if err != nil {
				return nil, err
			}
			call(ctx, s.after)
			if s.fail != nil {
				return nil, problem.NewHandlerError(ctx, s.fail)
			}
			out := &answerOf{Location: "/notes/" + strconv.FormatInt(run, 10)}
			out.Body.Run = run
			return out, nil
		})
	return s
}

// call calls a step of the handler, if there is one.
func call(ctx context.Context, step func(context.Context)) {
	if step != nil {
		step(ctx)
	}
}

type reply struct {
	status int
	body   string
	header http.Header
}

func (s *site) post(key, body, caller string) reply {
	s.t.Helper()
	req := httptest.NewRequest(http.MethodPost, "/notes", strings.NewReader(body))
	req.Header.Set("Test-Caller", caller)
	if key != "" {
		req.Header.Set("Idempotency-Key", key)
	}
	answer, err := s.app.Test(req, -1)
	require.NoError(s.t, err)
	raw, err := io.ReadAll(answer.Body)
	require.NoError(s.t, err)
	return reply{answer.StatusCode, string(raw), answer.Header}
}

func (s *site) count(table string) (n int) {
	s.t.Helper()
	require.NoError(s.t, s.db.Conn(s.t.Context()).Raw("SELECT count(*) FROM "+table).Scan(&n).Error)
	return n
}

func TestARepeatedRequestRunsOnce(t *testing.T) {
	s := newSite(t)
	first, again := s.post("key", "{}", "jane"), s.post("key", "{}", "jane")
	require.Equal(t, http.StatusCreated, first.status)
	require.Equal(t, first.status, again.status)
	require.Equal(t, first.body, again.body)
	require.Equal(t, "/notes/1", again.header.Get("Location"))
	require.Empty(t, first.header.Get("Idempotency-Replayed"))
	require.Equal(t, "true", again.header.Get("Idempotency-Replayed"))
	require.EqualValues(t, 1, s.runs.Load())
	t.Run("after the records became too old", func(t *testing.T) {
		s.clock.offset.Store(int64(keepTime + time.Minute))
		require.Empty(t, s.post("key", "{}", "jane").header.Get("Idempotency-Replayed"))
		require.EqualValues(t, 2, s.runs.Load())
	})
}

func TestRequestsThatAreNotTheSame(t *testing.T) {
	s := newSite(t)
	s.post("key", "{}", "jane")
	s.post("", "{}", "jane")
	s.post("other", "{}", "jane")
	s.post("key", "{}", "joe")
	s.post("key", "{}", "")
	s.post("key", `{"a":1}`, "")
	require.EqualValues(t, 6, s.runs.Load(), "no key, another key, another caller, anonymous callers with other bodies")
	t.Run("another body under the same key", func(t *testing.T) {
		r := s.post("key", `{"a":1}`, "jane")
		require.Equal(t, http.StatusUnprocessableEntity, r.status)
		require.Contains(t, r.body, "idempotency-key-reused")
	})
	t.Run("a key that is too long", func(t *testing.T) {
		require.Equal(t, http.StatusUnprocessableEntity, s.post(strings.Repeat("x", maxKeyLength+1), "{}", "jane").status)
	})
	require.EqualValues(t, 6, s.runs.Load())
}

func TestRefusals(t *testing.T) {
	for name, c := range map[string]struct {
		err    error
		isKept bool
	}{
		"a refusal is repeated":           {apperr.Forbidden("Not you."), true},
		"a fault of the server is not":    {errors.New("broken"), false},
		"an answer to come back later":    {apperr.ProblemRateLimited.New("Slower."), false},
		"a part that is unavailable":      {apperr.Unavailable("Later."), false},
		"a conflict is repeated":          {apperr.Problem{Kind: apperr.KindConflict, Code: "in-use"}.New("In use."), true},
		"an unknown resource is repeated": {apperr.NotFound("No."), true},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t)
			s.fail = c.err
			first := s.post("key", "{}", "jane")
			require.GreaterOrEqual(t, first.status, 400)
			require.Zero(t, s.count("notes"), "what the handler did is rolled back")
			s.fail = nil
			again := s.post("key", "{}", "jane")
			if c.isKept {
				require.Equal(t, first.status, again.status)
				require.EqualValues(t, 1, s.runs.Load())
			} else {
				require.Equal(t, http.StatusCreated, again.status)
				require.EqualValues(t, 2, s.runs.Load())
			}
		})
	}
}

func TestTheTransactionOfTheHandler(t *testing.T) {
	for name, key := range map[string]string{"with a key": "key", "without a key": ""} {
		t.Run(name+", it is open from its beginning to the answer", func(t *testing.T) {
			s := newSite(t)
			s.before = func(ctx context.Context) { require.False(t, db.IsInTx(ctx), "expensive work comes first") }
			s.after = func(ctx context.Context) {
				require.True(t, db.HasOpenTx(ctx))
				require.Zero(t, s.count("notes"), "others see nothing before the answer is known")
			}
			require.Equal(t, http.StatusCreated, s.post(key, "{}", "jane").status)
			require.Equal(t, 1, s.count("notes"))
		})
		t.Run(name+", nothing of it stays when the answer is an error", func(t *testing.T) {
			s := newSite(t)
			s.fail = apperr.Forbidden("Not you.")
			require.Equal(t, http.StatusForbidden, s.post(key, "{}", "jane").status)
			require.Zero(t, s.count("notes"))
		})
		t.Run(name+", the answer is taken back when it can't commit", func(t *testing.T) {
			s := newSite(t)
			s.inside = func(ctx context.Context) {
				db.BeforeCommit(ctx, func(context.Context) error { return apperr.Unavailable("Later.") })
			}
			r := s.post(key, "{}", "jane")
			require.Equal(t, http.StatusServiceUnavailable, r.status)
			require.Contains(t, r.body, "unavailable")
			require.NotContains(t, r.body, "run")
			require.Empty(t, r.header.Get("Location"))
			require.Zero(t, s.count("notes"))
			s.inside = nil
			require.Equal(t, http.StatusCreated, s.post(key, "{}", "jane").status, "the key is free again")
		})
		t.Run(name+", it is tried again when the database prefers another", func(t *testing.T) {
			s := newSite(t)
			s.inside = func(ctx context.Context) {
				if s.runs.Load() == 1 {
					db.BeforeCommit(ctx, func(context.Context) error { return &pgconn.PgError{Code: "40001"} })
				}
			}
			require.Equal(t, "/notes/2", s.post(key, "{}", "jane").header.Get("Location"))
			require.Equal(t, 1, s.count("notes"))
		})
		t.Run(name+", a panic leaves nothing open", func(t *testing.T) {
			s := newSite(t)
			s.after = func(context.Context) { panic("planted") }
			require.Equal(t, http.StatusInternalServerError, s.post(key, "{}", "jane").status)
			s.after = nil
			require.Equal(t, http.StatusCreated, s.post(key, "{}", "jane").status, "the key and the writer's turn are free")
			require.Equal(t, 1, s.count("notes"))
		})
	}
}

func TestOperationID(t *testing.T) {
	s := newSite(t)
	var seen []string
	s.before = func(ctx context.Context) { seen = append(seen, OperationID(ctx)) }
	last := func() string { return seen[len(seen)-1] }

	s.post("", "{}", "jane")
	require.Empty(t, last(), "without a key no request repeats another")
	s.fail = apperr.Unavailable("Later.")
	s.post("key", "{}", "jane")
	first := last()
	require.NotEmpty(t, first)
	s.post("key", "{}", "jane")
	require.Equal(t, first, last(), "after an answer that is not kept")
	s.post("key", `{"a":1}`, "jane")
	require.NotEqual(t, first, last(), "another body is another operation")
	second := last()
	s.fail = nil
	s.post("key", `{"a":1}`, "jane")
	require.Equal(t, second, last())
	require.NoError(t, s.db.Conn(t.Context()).Exec("UPDATE idempotency_records SET done = FALSE").Error)
	s.clock.offset.Store(int64(leaseTime + time.Second))
	s.post("key", `{"a":1}`, "jane")
	require.Equal(t, second, last(), "after the process died between the change and its answer")
	s.clock.offset.Store(int64(2*leaseTime + keepTime))
	s.post("key", `{"a":1}`, "jane")
	require.NotEqual(t, second, last(), "after the record has expired")
	require.Len(t, seen, 7)
}

func TestTheLeaseIsRenewedWhileTheHandlerWorks(t *testing.T) {
	s := newSite(t)
	s.records.lease = 60 * time.Millisecond
	until := func() (at int64) {
		require.NoError(t, s.db.Conn(t.Context()).Raw("SELECT claimed_until FROM idempotency_records").Scan(&at).Error)
		return at
	}
	s.before = func(context.Context) {
		began := until()
		require.Eventually(t, func() bool { return until() > began }, 5*time.Second, 5*time.Millisecond)
	}
	require.Equal(t, http.StatusCreated, s.post("key", "{}", "jane").status)
}

// On PostgreSQL the lease is renewed beside the transaction, however long that takes.
func TestTheLeaseIsRenewedBesideTheTransaction(t *testing.T) {
	s := newSiteOn(t, dbtest.Postgres(t))
	s.records.lease = 60 * time.Millisecond
	s.inside = func(context.Context) {
		until := func() (at int64) {
			require.NoError(t,
				s.db.Conn(t.Context()).Raw("SELECT claimed_until FROM idempotency_records").Scan(&at).Error)
			return at
		}
		began := until()
		require.Eventually(t, func() bool { return until() > began }, 5*time.Second, 5*time.Millisecond)
	}
	require.Equal(t, http.StatusCreated, s.post("key", "{}", "jane").status)
	require.Equal(t, 1, s.count("notes"))
}

// A request that still runs when its lease has ended changes nothing: the one that has taken over does.
func TestALivingRequestThatWasTakenOverDoesNotCommit(t *testing.T) {
	s := newSiteOn(t, dbtest.Postgres(t))
	s.records.lease = time.Hour // it is not renewed within the test
	running, goOn := make(chan struct{}), make(chan struct{})
	var once sync.Once
	s.inside = func(context.Context) {
		isFirst := false
		once.Do(func() { isFirst = true })
		if isFirst {
			close(running)
			<-goOn
		}
	}
	first := make(chan reply)
	go func() { first <- s.post("key", "{}", "jane") }()
	<-running
	s.clock.offset.Store(int64(time.Hour + time.Second))
	second := s.post("key", "{}", "jane")
	close(goOn)
	require.Equal(t, http.StatusCreated, second.status)
	require.Equal(t, http.StatusServiceUnavailable, (<-first).status)
	require.EqualValues(t, 2, s.runs.Load())
	require.Equal(t, 1, s.count("notes"))
	require.Equal(t, second.body, s.post("key", "{}", "jane").body)
}

func TestALeaseThatEndedIsTakenOver(t *testing.T) {
	s := newSite(t)
	s.post("key", "{}", "jane")
	conn := s.db.Conn(t.Context())
	require.NoError(t, conn.Exec("UPDATE idempotency_records SET done = FALSE").Error)
	s.clock.offset.Store(int64(leaseTime + time.Second))
	require.Equal(t, http.StatusCreated, s.post("key", "{}", "jane").status)
	require.EqualValues(t, 2, s.runs.Load())
}

func TestARequestThatStillRuns(t *testing.T) {
	s := newSite(t)
	s.post("key", "{}", "jane")
	require.NoError(t, s.db.Conn(t.Context()).Exec("UPDATE idempotency_records SET done = FALSE").Error)
	r := s.post("key", "{}", "jane")
	require.Equal(t, http.StatusConflict, r.status)
	require.Contains(t, r.body, "idempotency-in-progress")
	require.Equal(t, "1", r.header.Get("Retry-After"))
	require.EqualValues(t, 1, s.runs.Load())
}

func TestAnAnswerThatCannotBeRead(t *testing.T) {
	s := newSite(t)
	s.post("key", "{}", "jane")
	require.NoError(t, s.db.Conn(t.Context()).Exec("UPDATE idempotency_records SET answer = ?", []byte("broken")).Error)
	r := s.post("key", "{}", "jane")
	require.Equal(t, http.StatusUnprocessableEntity, r.status)
	require.Contains(t, r.body, "can't be read any more")
	require.EqualValues(t, 1, s.runs.Load(), "it must not run again")
}

func TestSweep(t *testing.T) {
	s := newSite(t)
	s.post("old", "{}", "jane")
	require.NoError(t, s.db.Conn(t.Context()).Exec("UPDATE idempotency_records SET created_at = 1").Error)
	s.post("new", "{}", "jane")
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); s.records.SweepExpired(ctx) }()
	require.Eventually(t, func() bool { return s.count("idempotency_records") == 1 }, 5*time.Second, 10*time.Millisecond)
	cancel()
	<-done
}
