package storage

import (
	"context"
	"io"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"lyceum/modules/audit/auditapi"
	"lyceum/modules/storage/storageapi"
	"lyceum/modules/users/usersapi"
	"lyceum/modules/users/userstest"
	"lyceum/platform/apperr"
	"lyceum/platform/blob"
	"lyceum/platform/blob/folder"
	"lyceum/platform/broadcast"
	"lyceum/platform/config"
	"lyceum/platform/db"
	"lyceum/platform/events"
	"lyceum/platform/httpx/idempotency"
	"lyceum/platform/identity"
	"lyceum/platform/ids"
	"lyceum/platform/jobs"
	"lyceum/platform/testkit"
	"lyceum/platform/testkit/dbtest"
)

func TestMain(m *testing.M) { testkit.Main(m) }

// fakeKeyReferrer answers by its functions; a nil one answers no, or no uses.
type fakeKeyReferrer struct {
	mayRead func(caller identity.Caller, key string) (bool, error)
	uses    func(keys []string) (map[string][]storageapi.Use, error)
}

func (f *fakeKeyReferrer) MayReadKey(_ context.Context, caller identity.Caller, key string) (bool, error) {
	if f.mayRead == nil {
		return false, nil
	}
	return f.mayRead(caller, key)
}

func (f *fakeKeyReferrer) ListUses(_ context.Context, keys []string) (map[string][]storageapi.Use, error) {
	if f.uses == nil {
		return nil, nil
	}
	return f.uses(keys)
}

// world is the module with fakes around it.
type world struct {
	*Service
	t        *testing.T
	db       *db.DB
	clock    *testkit.Clock
	referrer *fakeKeyReferrer
	config   *Config

	mu      sync.Mutex
	entries []auditapi.Entry
}

// onBoth runs a test on SQLite and on PostgreSQL.
func onBoth(t *testing.T, test func(t *testing.T, w *world)) {
	t.Helper()
	dbtest.OnBothOptions(t, func(t *testing.T, o db.Options) { test(t, newWorld(t, o, nil)) })
}

// onSQLite returns a world for tests that no other database would change.
func onSQLite(t *testing.T) *world {
	t.Helper()
	return newWorld(t, dbtest.SQLite(t), nil)
}

// newWorld returns a world whose objects are in blobs, or in a folder if that is nil.
func newWorld(t *testing.T, o db.Options, blobs blob.Store) *world {
	t.Helper()
	d := dbtest.Open(t, o, Migrations, events.Migrations, idempotency.Migrations)
	w := &world{t: t, db: d, clock: testkit.NewClock(time.Now()), referrer: &fakeKeyReferrer{}}
	loaded, err := config.FromMap(nil, settings)
	require.NoError(t, err)
	w.config = config.SettingsOf[Config](loaded)
	if blobs == nil {
		blobs, err = folder.Open(t.TempDir(), "http://localhost:8000", []byte(strings.Repeat("s", 32)),
			func() time.Time { return w.clock.Now().StdTime() })
		require.NoError(t, err)
	}
	bus := events.NewBus(d, w.clock)
	require.NoError(t, bus.AttachSubscriptions([]events.Subscription{events.SubscribeInTx("audit", w.recordEntry)}))
	queue := jobs.NewQueue("redis://127.0.0.1:1")
	t.Cleanup(func() { _ = queue.Close() })
	accounts := &userstest.Accounts{}
	accounts.Put(usersapi.Account{ID: teacher.UserID, DisplayName: "Tea"})
	w.Service = newService(Params{
		DB: d, Store: newStore(d), Blobs: blobs, Events: bus, Clock: w.clock, Config: w.config, Queue: queue,
		Signals:      broadcast.New(nil),
		Accounts:     accounts,
		KeyReferrers: []storageapi.KeyReferrer{w.referrer},
	})
	t.Cleanup(w.deletions.Wait) // before the database is closed
	return w
}

// recordEntry collects an audit entry once its transaction is committed.
func (w *world) recordEntry(ctx context.Context, e auditapi.Entry) error {
	db.AfterCommit(ctx, func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.entries = append(w.entries, e)
	})
	return nil
}

// takeActions returns the actions of the entries that were recorded since the last call.
func (w *world) takeActions() (out []string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, e := range w.entries {
		out = append(out, e.Action)
	}
	w.entries = nil
	return out
}

var (
	teacher = identity.Caller{UserID: ids.New(), Role: usersapi.RoleInstructor}
	other   = identity.Caller{UserID: ids.New(), Role: usersapi.RoleInstructor}
	student = identity.Caller{UserID: ids.New(), Role: usersapi.RoleUser}
	admin   = identity.Caller{UserID: ids.New(), Role: usersapi.RoleAdmin}
)

// contextOf returns the context of a request of the caller.
func (w *world) contextOf(c identity.Caller) context.Context {
	return identity.WithCaller(w.t.Context(), c)
}

const hello = "hello, learners"

func textUpload(key string) newUpload {
	return newUpload{Key: key, ContentType: "text/plain", Size: int64(len(hello))}
}

// mustBeginUpload begins an upload of the teacher.
func (w *world) mustBeginUpload(n newUpload) *asset {
	w.t.Helper()
	a, _, err := w.beginUpload(w.contextOf(teacher), n)
	require.NoError(w.t, err)
	return a
}

// putObject writes the bytes that an upload URL would bring.
func (w *world) putObject(a *asset, body, contentType string) {
	w.t.Helper()
	require.NoError(w.t, w.blobs.Put(w.t.Context(), a.ObjectID, strings.NewReader(body), int64(len(body)), contentType))
}

// storeAsset returns a new completed asset of the teacher.
func (w *world) storeAsset(key string) *asset {
	w.t.Helper()
	a := w.mustBeginUpload(textUpload(key))
	w.putObject(a, hello, "text/plain")
	done, err := w.completeUpload(w.contextOf(teacher), a.ID)
	require.NoError(w.t, err)
	w.takeActions()
	return done
}

// objectExists reports whether the object store has the object.
func (w *world) objectExists(blobID string) bool {
	_, err := w.blobs.Stat(w.t.Context(), blobID)
	return err == nil
}

// readObject returns the bytes of an object.
func (w *world) readObject(blobID string) string {
	w.t.Helper()
	r, err := w.blobs.Open(w.t.Context(), blobID)
	require.NoError(w.t, err)
	defer r.Close()
	b, err := io.ReadAll(r)
	require.NoError(w.t, err)
	return string(b)
}

// runWorkers sweeps and handles each job that is due.
func (w *world) runWorkers() {
	w.t.Helper()
	for _, worker := range newWorkers(w.Service) {
		due, err := worker.Sweep(w.t.Context())
		require.NoError(w.t, err)
		for _, j := range due {
			require.NoError(w.t, worker.Handle(w.t.Context(), j.ID))
		}
	}
}

// countRows returns how many rows a table has.
func (w *world) countRows(table string) (n int64) {
	w.t.Helper()
	require.NoError(w.t, w.db.Conn(w.t.Context()).Table(table).Count(&n).Error)
	return n
}

// problemCode returns the code of the problem that a caller is told; "" without an error.
func problemCode(t *testing.T, err error) string {
	t.Helper()
	if err == nil {
		return ""
	}
	e, ok := apperr.As(err)
	require.True(t, ok, "no answer for callers: %v", err)
	return e.Code
}

// problemOf returns the problem that a caller is told.
func problemOf(t *testing.T, err error) *apperr.Error {
	t.Helper()
	e, ok := apperr.As(err)
	require.True(t, ok, "no answer for callers: %v", err)
	return e
}

// runAtOnce calls do n times at once and returns the errors.
func runAtOnce(n int, do func(i int) error) []error {
	results := make([]error, n)
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() { results[i] = do(i) })
	}
	wg.Wait()
	return results
}
