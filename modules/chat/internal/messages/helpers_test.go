package messages

import (
	"context"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"lyceum/modules/audit/auditapi"
	"lyceum/modules/chat/chatapi"
	"lyceum/modules/users/usersapi"
	"lyceum/modules/users/userstest"
	"lyceum/platform/broadcast"
	"lyceum/platform/clock"
	"lyceum/platform/db"
	"lyceum/platform/events"
	"lyceum/platform/identity"
	"lyceum/platform/ids"
	"lyceum/platform/testkit"
	"lyceum/platform/testkit/dbtest"
)

func TestMain(m *testing.M) { testkit.Main(m) }

// bench is a Service on a database with one channel.
type bench struct {
	*Service
	t        *testing.T
	channel  Channel
	accounts *userstest.Accounts
	// hidden are the accounts that may not read the channel.
	hidden map[string]bool

	mu       sync.Mutex
	signals  []string
	appended []Appended
	mentions []chatapi.Mentioned
	entries  []auditapi.Entry
}

// onBoth runs a test on an empty database of either kind.
func onBoth(t *testing.T, test func(t *testing.T, b *bench)) {
	t.Helper()
	dbtest.OnBothOptions(t, func(t *testing.T, o db.Options) { test(t, newBench(t, o)) })
}

func newBench(t *testing.T, options db.Options) *bench {
	t.Helper()
	d := dbtest.Open(t, options, dbtest.ReadMigrations(t, "../.."), events.Migrations)
	b := &bench{t: t, accounts: &userstest.Accounts{}, hidden: map[string]bool{}}
	bus, signals := events.NewBus(d, clock.System{}), broadcast.New(nil)
	require.NoError(t, bus.AttachSubscriptions([]events.Subscription{
		events.SubscribeInTx("test", func(_ context.Context, e chatapi.Mentioned) error {
			b.mu.Lock()
			defer b.mu.Unlock()
			b.mentions = append(b.mentions, e)
			return nil
		}),
		events.SubscribeInTx("test", func(_ context.Context, e auditapi.Entry) error {
			b.mu.Lock()
			defer b.mu.Unlock()
			b.entries = append(b.entries, e)
			return nil
		}),
	}))
	for _, topic := range []string{TopicMessages, TopicChanges} {
		signals.Subscribe(topic, func(key string) {
			b.mu.Lock()
			defer b.mu.Unlock()
			b.signals = append(b.signals, topic+" "+key)
		})
	}
	b.Service = NewService(Params{
		DB: d, Accounts: b.accounts, Events: bus, Broadcast: signals, Clock: clock.System{}, Config: &Config{},
	})
	b.OnAppended(func(a Appended) { // tells this replica what the signal tells the others
		b.mu.Lock()
		defer b.mu.Unlock()
		b.signals = append(b.signals, TopicMessages+" "+a.ChannelID)
		b.appended = append(b.appended, a)
	})
	b.channel = Channel{ID: ids.New(), Slug: "hq", CanRead: func(_ context.Context, a identity.Caller) (bool, error) {
		return !b.hidden[a.UserID], nil
	}}
	require.NoError(t, d.Conn(t.Context()).Exec(`INSERT INTO chat_channels
		(id, slug, title, visibility, version, created_at, updated_at) VALUES (?, 'hq', 'HQ', 'public', 1, 0, 0)`,
		b.channel.ID).Error)
	return b
}

// newAccount returns an active account.
func (b *bench) newAccount() string {
	return b.accounts.New(ids.New(), usersapi.RoleUser).ID
}

// as returns a context in which an account acts.
func (b *bench) as(accountID string) context.Context {
	return identity.WithCaller(b.t.Context(), identity.Caller{UserID: accountID, Role: usersapi.RoleUser})
}

// post posts a message of an account.
func (b *bench) post(accountID string, n NewMessage) Posted {
	b.t.Helper()
	posted, err := b.Post(b.as(accountID), b.channel, n)
	require.NoError(b.t, err)
	return posted
}

// head returns how far the channel is.
func (b *bench) head() Head {
	b.t.Helper()
	heads, err := b.ListHeads(b.t.Context(), []string{b.channel.ID})
	require.NoError(b.t, err)
	require.Len(b.t, heads, 1)
	return heads[0]
}

// bodies returns the bodies of messages.
func bodies(list []Message) (bodies []string) {
	for _, m := range list {
		bodies = append(bodies, m.Body)
	}
	return bodies
}

// pointer returns a pointer to a value.
func pointer[T any](v T) *T { return &v }
