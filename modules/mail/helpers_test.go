package mail

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"lyceum/modules/mail/mailapi"
	"lyceum/modules/users/userstest"
	"lyceum/platform/config"
	"lyceum/platform/db"
	"lyceum/platform/jobs"
	"lyceum/platform/keyring"
	"lyceum/platform/smtp"
	"lyceum/platform/testkit"
	"lyceum/platform/testkit/dbtest"
)

func TestMain(m *testing.M) { testkit.Main(m) }

// fakeSender keeps the mails that it accepts. It returns err instead if that is set.
type fakeSender struct {
	mu       sync.Mutex
	err      error
	messages []smtp.Message
}

func (f *fakeSender) Send(_ context.Context, m smtp.Message) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.err != nil {
		return f.err
	}
	f.messages = append(f.messages, m)
	return nil
}

func (f *fakeSender) Ping(context.Context) error { return nil }

func (f *fakeSender) setError(err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.err = err
}

func (f *fakeSender) acceptedMails() []smtp.Message {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.messages
}

// world is the module with a database, a clock and a sender of the test's own. No queue runs.
type world struct {
	*Service
	t        *testing.T
	sender   *fakeSender
	clock    *testkit.Clock
	accounts *userstest.Accounts
}

// onBoth runs a test on SQLite and on PostgreSQL.
func onBoth(t *testing.T, test func(t *testing.T, w *world)) {
	t.Helper()
	dbtest.OnBothOptions(t, func(t *testing.T, o db.Options) { test(t, newWorld(t, o)) })
}

func newWorld(t *testing.T, o db.Options) *world {
	t.Helper()
	d := dbtest.Open(t, o, Migrations)
	keys, err := keyring.Open(t.TempDir(), time.Hour)
	require.NoError(t, err)
	queue := jobs.NewQueue("redis://127.0.0.1:1")
	t.Cleanup(func() { _ = queue.Close() })
	w := &world{
		t: t, sender: &fakeSender{}, clock: testkit.NewClock(time.Now()),
		accounts: &userstest.Accounts{},
	}
	w.Service = NewService(Params{
		DB: d, Clock: w.clock, Queue: queue, Sender: w.sender, Keys: keys,
		Config:  &Config{From: "Lyceum <no-reply@lyceum.test>", Retention: 90 * 24 * time.Hour},
		Program: &config.Config{PublicURL: "http://lyceum.test"},
	})
	return w
}

// newWelcome returns the mail welcome to an address.
func newWelcome(to string) mailapi.Mail {
	return mailapi.Mail{Kind: "welcome", To: to, Data: map[string]any{
		"DisplayName": "Ada", "Link": "http://lyceum.test/courses",
	}}
}

// queueWelcome queues the mail welcome to an address and returns it as it is stored.
func (w *world) queueWelcome(to string) storedMail {
	w.t.Helper()
	require.NoError(w.t, w.Queue(w.t.Context(), newWelcome(to)))
	for _, m := range w.listMails() {
		if m.Recipient == to {
			return m
		}
	}
	w.t.Fatalf("no mail to %s is stored", to)
	return storedMail{}
}

// listMails returns the stored mails, the newest first.
func (w *world) listMails() []storedMail {
	w.t.Helper()
	found, err := w.list(w.t.Context(), "", nil, 100)
	require.NoError(w.t, err)
	return found
}

// loadMail returns a mail with its encrypted text.
func (w *world) loadMail(id string) (m storedMail) {
	w.t.Helper()
	require.NoError(w.t, w.db.Conn(w.t.Context()).Where("id = ?", id).Take(&m).Error)
	return m
}

// attemptSend runs the job of a mail and returns the mail as it is then.
func (w *world) attemptSend(id string) storedMail {
	w.t.Helper()
	require.NoError(w.t, w.send(w.t.Context(), id))
	return w.loadMail(id)
}

var errUnreachable = errors.New("the server can't be reached")
