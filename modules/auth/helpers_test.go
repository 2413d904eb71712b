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
	"lyceum/platform/apperr"
	"lyceum/platform/broadcast"
	"lyceum/platform/db"
	"lyceum/platform/events"
	"lyceum/platform/identity"
	"lyceum/platform/ids"
	"lyceum/platform/keyring"
	"lyceum/platform/migrate"
	"lyceum/platform/passwords"
	"lyceum/platform/testkit"
	"lyceum/platform/tokens"
)

func TestMain(m *testing.M) { testkit.Main(m) }

// testPassword is the password of the accounts that a fixture registers.
const testPassword = "correct horse battery"

// directory implements what the module asks of module users, in memory.
type directory struct {
	usersapi.Accounts
	// OnRecordLogin, if set, is called inside the transaction of a sign-in.
	OnRecordLogin func(ctx context.Context)
	// OnByID, if set, is called before each look-up by id.
	OnByID func()

	mu       sync.Mutex
	accounts map[string]usersapi.Account
}

// set changes an account.
func (d *directory) set(id string, change func(a *usersapi.Account)) {
	d.mu.Lock()
	defer d.mu.Unlock()
	a := d.accounts[id]
	change(&a)
	d.accounts[id] = a
}

// remove deletes an account.
func (d *directory) remove(id string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.accounts, id)
}

func (d *directory) find(match func(a usersapi.Account) bool) (usersapi.Account, bool, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, a := range d.accounts {
		if match(a) {
			return a, true, nil
		}
	}
	return usersapi.Account{}, false, nil
}

func (d *directory) ByID(_ context.Context, id string) (usersapi.Account, bool, error) {
	if d.OnByID != nil {
		d.OnByID()
	}
	return d.find(func(a usersapi.Account) bool { return a.ID == id })
}

func (d *directory) ByEmail(_ context.Context, email string) (usersapi.Account, bool, error) {
	return d.find(func(a usersapi.Account) bool { return a.Email == email })
}

func (d *directory) Create(ctx context.Context, n usersapi.NewAccount) (usersapi.Account, error) {
	if _, taken, _ := d.ByEmail(ctx, n.Email); taken {
		return usersapi.Account{}, usersapi.ProblemEmailTaken.New("taken")
	}
	created := usersapi.Account{ID: ids.New(), Email: n.Email, Role: n.Role, Verified: n.Verified, Active: true}
	d.set(created.ID, func(a *usersapi.Account) { *a = created })
	return created, nil
}

func (d *directory) ChangeEmail(ctx context.Context, id, email string) (usersapi.Account, error) {
	if _, taken, _ := d.ByEmail(ctx, email); taken {
		return usersapi.Account{}, usersapi.ProblemEmailTaken.New("taken")
	}
	d.set(id, func(a *usersapi.Account) { a.Email, a.Verified = email, true })
	a, _, err := d.ByID(ctx, id)
	return a, err
}

func (d *directory) MarkVerified(_ context.Context, id string) error {
	d.set(id, func(a *usersapi.Account) { a.Verified = true })
	return nil
}

func (d *directory) RecordLogin(ctx context.Context, id string) (bool, error) {
	if d.OnRecordLogin != nil {
		d.OnRecordLogin(ctx)
	}
	a, _, err := d.find(func(a usersapi.Account) bool { return a.ID == id })
	return a.Active, err
}

// fixture is the module on a database of the test's own, with a clock that stands still.
type fixture struct {
	*Service
	t         *testing.T
	directory *directory
	mails     *mailtest.Mailer
	testClock *testkit.Clock
	holdings  usersapi.Holder
	// onEntry, if set, is called inside the transactions that publish audit entries.
	onEntry func()
	keys    *keyring.Keys

	mu      sync.Mutex
	entries []auditapi.Entry
	signals []string
	signIns []authapi.NewSignIn
}

// onBothDatabases runs a test on SQLite and on PostgreSQL.
func onBothDatabases(t *testing.T, test func(t *testing.T, f *fixture)) {
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		test(t, newFixture(t, db.Options{Dir: t.TempDir(), MaxConns: 8}))
	})
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		test(t, newFixture(t, db.Options{URL: testkit.Postgres(t), MaxConns: 8}))
	})
}

func newFixture(t *testing.T, o db.Options) *fixture {
	t.Helper()
	d, err := db.Open(t.Context(), o)
	require.NoError(t, err)
	t.Cleanup(func() { _ = d.Close() })
	runner, err := migrate.NewRunner(d, Migrations, events.Migrations)
	require.NoError(t, err)
	_, err = runner.Up(t.Context())
	require.NoError(t, err)
	keys, err := keyring.Open(t.TempDir(), time.Hour)
	require.NoError(t, err)

	f := &fixture{
		t: t, directory: &directory{accounts: map[string]usersapi.Account{}},
		mails:     &mailtest.Mailer{PublicURL: "http://lyceum.test"},
		testClock: testkit.NewClock(time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)),
	}
	bus, signals, store := events.NewBus(d, f.testClock), broadcast.New(nil), newStore(d)
	f.Service = newService(Params{
		DB: d, Store: store, Accounts: f.directory, Registrar: f.directory,
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
func (f *fixture) recordSignIn(_ context.Context, e authapi.NewSignIn) error {
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
