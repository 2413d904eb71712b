package notifications

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"lyceum/modules/chat/chattest"
	"lyceum/modules/courses/coursesapi"
	"lyceum/modules/courses/coursestest"
	"lyceum/modules/mail/mailtest"
	"lyceum/modules/users/usersapi"
	"lyceum/modules/users/userstest"
	"lyceum/platform/apperr"
	"lyceum/platform/clock"
	"lyceum/platform/config"
	"lyceum/platform/db"
	"lyceum/platform/events"
	"lyceum/platform/httpx/idempotency"
	"lyceum/platform/identity"
	"lyceum/platform/ids"
	"lyceum/platform/keyring"
	"lyceum/platform/testkit"
	"lyceum/platform/testkit/dbtest"
)

func TestMain(m *testing.M) { testkit.Main(m) }

// world is the module with fakes of other modules around it.
type world struct {
	*Service
	t        *testing.T
	bus      *events.Bus
	accounts *userstest.Accounts
	courses  *coursestest.Reader
	pusher   *chattest.Pusher
	mailer   *mailtest.Mailer
	keys     *keyring.Keys
	owner    string
	// course is the only course, and learners are enrolled in it.
	course   coursesapi.Course
	learners []string
}

// onBoth runs a test on SQLite and on PostgreSQL.
func onBoth(t *testing.T, test func(t *testing.T, w *world)) {
	t.Helper()
	dbtest.OnBothOptions(t, func(t *testing.T, o db.Options) { test(t, newWorld(t, o)) })
}

// onSQLite returns a world for tests that are the same on both databases.
func onSQLite(t *testing.T) *world {
	t.Helper()
	return newWorld(t, dbtest.SQLite(t))
}

const publicURL = "http://lyceum.test"

func newWorld(t *testing.T, o db.Options) *world {
	t.Helper()
	d := dbtest.Open(t, o, Migrations, events.Migrations, idempotency.Migrations)
	keys, err := keyring.Open(t.TempDir(), time.Hour)
	require.NoError(t, err)
	w := &world{
		t: t, keys: keys, bus: events.NewBus(d, clock.System{}),
		pusher:   &chattest.Pusher{},
		mailer:   &mailtest.Mailer{PublicURL: publicURL},
		accounts: &userstest.Accounts{},
	}
	w.owner = w.addAccount("Olga")
	w.course = coursesapi.Course{ID: ids.New(), Slug: "go", Title: "Go", OwnerID: w.owner}
	w.courses = &coursestest.Reader{
		FindFunc:     func(id string) (coursesapi.Course, bool) { return w.course, w.course.ID == id },
		CanReadFunc:  func(identity.Caller, string) bool { return true },
		LearnersFunc: func(string) []string { return w.learners },
	}
	w.Service = newService(Params{
		DB: d, Keys: w.keys, Store: newStore(d), Accounts: w.accounts, Courses: w.courses, Pusher: w.pusher,
		Events: w.bus, Clock: clock.System{},
		Mailer: w.mailer, Config: &config.Config{PublicURL: publicURL},
		Settings: &Config{Retention: 365 * 24 * time.Hour},
	})
	require.NoError(t, w.bus.AttachSubscriptions(newSubscribers(w.Service)))
	return w
}

// addAccount adds an active account and returns its id.
func (w *world) addAccount(name string) string {
	return w.accounts.New(name, usersapi.RoleUser).ID
}

// enrollAccounts adds n accounts, enrolls them in the course, and returns all learners.
func (w *world) enrollAccounts(n int) []string {
	for i := range n {
		w.learners = append(w.learners, w.addAccount(fmt.Sprintf("Learner %d", i)))
	}
	return w.learners
}

// as returns a context whose caller is the account with the given id and role.
func (w *world) as(id string, role identity.Role) context.Context {
	return identity.WithCaller(w.t.Context(), identity.Caller{UserID: id, Role: role})
}

// publish publishes an event in a transaction and delivers what follows.
func (w *world) publish(e events.Event) {
	w.t.Helper()
	require.NoError(w.t, w.db.InTx(w.t.Context(), func(ctx context.Context) error { return w.bus.Publish(ctx, e) }))
	w.relayAll()
}

// relayAll delivers until nothing is left.
func (w *world) relayAll() {
	w.t.Helper()
	testkit.Eventually(w.t, func() bool {
		_, err := w.bus.RelayOnce(w.t.Context())
		require.NoError(w.t, err)
		return w.countRows("outbox_deliveries") == 0
	}, "no delivery is left")
}

// countRows returns how many rows a table has.
func (w *world) countRows(table string) (n int64) {
	w.t.Helper()
	require.NoError(w.t, w.db.Conn(w.t.Context()).Table(table).Count(&n).Error)
	return n
}

// listInbox returns what the console shows an account, the newest first.
func (w *world) listInbox(id string) []notification {
	w.t.Helper()
	found, err := w.store.list(w.t.Context(), id, false, nil, 100)
	require.NoError(w.t, err)
	return found
}

// listMailKinds returns the templates of the mails to an account, in order. Module mail calls them
// kinds.
func (w *world) listMailKinds(id string) []string { return w.mailer.KindsTo(id) }

// problemCode returns the code of the problem that an error is, or "" for nil.
func problemCode(t *testing.T, err error) string {
	t.Helper()
	if err == nil {
		return ""
	}
	e, ok := apperr.As(err)
	require.True(t, ok, "no answer for callers: %v", err)
	return e.Code
}
