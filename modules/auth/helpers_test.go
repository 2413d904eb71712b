package auth

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"
	"github.com/stretchr/testify/require"

	"lyceum/modules/audit/auditapi"
	"lyceum/modules/auth/authapi"
	"lyceum/modules/mail/mailtest"
	"lyceum/modules/users/usersapi"
	"lyceum/modules/users/userstest"
	"lyceum/platform/apperr"
	"lyceum/platform/broadcast"
	"lyceum/platform/db"
	"lyceum/platform/events"
	"lyceum/platform/identity"
	"lyceum/platform/keyring"
	"lyceum/platform/passwords"
	"lyceum/platform/testkit"
	"lyceum/platform/testkit/dbtest"
	"lyceum/platform/tokens"
)

func TestMain(m *testing.M) { testkit.Main(m) }

// testPassword is the password of the accounts that a fixture registers.
const testPassword = "correct horse battery"

// fixture is the module on a database of the test's own, with a clock that stands still.
type fixture struct {
	*Service
	t         *testing.T
	accounts  *userstest.Accounts
	mails     *mailtest.Mailer
	testClock *testkit.Clock
	holdings  usersapi.Holder
	// onEntry, if set, is called inside the transactions that publish audit entries.
	onEntry func()
	keys    *keyring.Keys

	mu      sync.Mutex
	entries []auditapi.Entry
	signals []string
	signIns []authapi.DeviceAdded
}

// onBothDatabases runs a test on SQLite and on PostgreSQL.
func onBothDatabases(t *testing.T, test func(t *testing.T, f *fixture)) {
	t.Helper()
	dbtest.OnBothOptions(t, func(t *testing.T, o db.Options) { test(t, newFixture(t, o)) })
}

func newFixture(t *testing.T, o db.Options) *fixture {
	t.Helper()
	d := dbtest.Open(t, o, Migrations, events.Migrations)
	keys, err := keyring.Open(t.TempDir(), time.Hour)
	require.NoError(t, err)

	f := &fixture{
		t: t, accounts: &userstest.Accounts{},
		mails:     &mailtest.Mailer{PublicURL: "http://lyceum.test"},
		testClock: testkit.NewClock(time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)),
	}
	bus, signals, store := events.NewBus(d, f.testClock), broadcast.New(nil), newStore(d)
	f.Service = newService(Params{
		DB: d, Store: store, Accounts: f.accounts, Registrar: f.accounts,
		Tokens: tokens.NewTokens(keys, "http://lyceum.test", 15*time.Minute, f.testClock), Keys: keys,
		Hasher: passwords.NewHasher(passwords.Argon2{Memory: 64, Time: 1, Parallel: 1}), Events: bus,
		Broadcast: signals, Mailer: f.mails, Clock: f.testClock,
		Config: &Config{RefreshTokenTTL: 24 * time.Hour, PasswordMinLength: 8},
	})
	f.keys, f.holdings = keys, newHoldings(store, signals)
	cancel := signals.Subscribe(identity.TopicSession, f.recordSignal)
	t.Cleanup(cancel)
	require.NoError(t, bus.AttachSubscriptions(newSubscribers(f.Service),
		[]events.Subscription{
			events.SubscribeInTx("audit", f.recordEntry), events.SubscribeInTx("notifications", f.recordSignIn),
		}))
	return f
}

// recordSignIn keeps the sign-ins from new devices.
func (f *fixture) recordSignIn(_ context.Context, e authapi.DeviceAdded) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.signIns = append(f.signIns, e)
	return nil
}

// countNewSignIns returns how many sign-ins from new devices were told.
func (f *fixture) countNewSignIns() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.signIns)
}

// recordEntry keeps the audit entries of committed transactions.
func (f *fixture) recordEntry(ctx context.Context, e auditapi.Entry) error {
	if f.onEntry != nil {
		f.onEntry()
	}
	db.AfterCommit(ctx, func() {
		f.mu.Lock()
		defer f.mu.Unlock()
		f.entries = append(f.entries, e)
	})
	return nil
}

// recordSignal keeps the ids of sessions that replicas drop from their caches.
func (f *fixture) recordSignal(id string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.signals = append(f.signals, id)
}

// listActions returns the actions of the audit entries since the call before.
func (f *fixture) listActions() (actions []string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, e := range f.entries {
		actions = append(actions, e.Action)
	}
	f.entries = nil
	return actions
}

// register registers an account with the password testPassword.
func (f *fixture) register(name string) usersapi.Account {
	f.t.Helper()
	a, err := f.Register(f.t.Context(),
		NewUser{Email: name + "@example.com", Password: testPassword, Role: usersapi.RoleUser})
	require.NoError(f.t, err)
	return a
}

// login signs an account in with a password.
func (f *fixture) login(a usersapi.Account, password string) Grant {
	f.t.Helper()
	g, err := f.Login(f.t.Context(), a.Email, password)
	require.NoError(f.t, err)
	return g
}

// sessionOf returns the session of a grant as it is stored.
func (f *fixture) sessionOf(g Grant) *session {
	f.t.Helper()
	id, _, _, ok := f.refresh.parseToken(g.RefreshToken)
	require.True(f.t, ok)
	se, err := f.store.findSession(f.t.Context(), id)
	require.NoError(f.t, err)
	return se
}

// asCaller returns a context in which an account acts.
func (f *fixture) asCaller(a usersapi.Account) context.Context {
	return identity.WithCaller(f.t.Context(), identity.Caller{UserID: a.ID, Role: a.Role})
}

// countRows returns how many rows of a table belong to an account.
func (f *fixture) countRows(table, userID string) (n int) {
	f.t.Helper()
	require.NoError(f.t, f.db.QueryRow(f.t.Context(), "SELECT count(*) FROM "+table+" WHERE user_id = ?",
		[]any{userID}, &n))
	return n
}

// computeCode returns the one-time code of a secret at a time that is offset from the clock's.
func (f *fixture) computeCode(secret string, offset time.Duration) string {
	f.t.Helper()
	code, err := totp.GenerateCode(secret, f.testClock.Now().StdTime().Add(offset))
	require.NoError(f.t, err)
	return code
}

// addFactor turns a second factor on. It moves the clock, so that the code of now is unused.
func (f *fixture) addFactor(a usersapi.Account) (secret string, recoveryCodes []string) {
	f.t.Helper()
	setup, err := f.BeginFactor(f.asCaller(a))
	require.NoError(f.t, err)
	recoveryCodes, err = f.ConfirmFactor(f.asCaller(a), f.computeCode(setup.Secret, 0))
	require.NoError(f.t, err)
	f.testClock.Advance(2 * totpPeriod * time.Second)
	return setup.Secret, recoveryCodes
}

// challenge signs an account in up to its second factor and returns the challenge.
func (f *fixture) challenge(a usersapi.Account) string {
	f.t.Helper()
	_, err := f.Login(f.t.Context(), a.Email, testPassword)
	e, ok := apperr.As(err)
	require.True(f.t, ok, "%v", err)
	require.Equal(f.t, "mfa-required", e.Code)
	challenge, _ := e.Extra["challenge"].(string)
	require.NotEmpty(f.t, challenge)
	return challenge
}

// requireCode checks the code of the problem of an error; "" stands for no error.
func requireCode(t *testing.T, want string, err error, what ...any) {
	t.Helper()
	if want == "" {
		require.NoError(t, err, what...)
		return
	}
	e, ok := apperr.As(err)
	require.True(t, ok, "no problem: %v", err)
	require.Equal(t, want, e.Code, what...)
}
