package invites

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"lyceum/modules/audit/auditapi"
	"lyceum/modules/mail/mailtest"
	"lyceum/modules/users/usersapi"
	"lyceum/modules/users/userstest"
	"lyceum/platform/apperr"
	"lyceum/platform/clock"
	"lyceum/platform/db"
	"lyceum/platform/events"
	"lyceum/platform/httpx/idempotency"
	"lyceum/platform/identity"
	"lyceum/platform/keyring"
	"lyceum/platform/testkit"
	"lyceum/platform/testkit/dbtest"
)

func TestMain(m *testing.M) { testkit.Main(m) }

// world is the module on parts of a test's own.
type world struct {
	*Service
	t        *testing.T
	accounts *userstest.Accounts
	entries  []auditapi.Entry
}

// onBoth runs a test on SQLite and on PostgreSQL.
func onBoth(t *testing.T, test func(t *testing.T, w *world)) {
	t.Helper()
	dbtest.OnBothOptions(t, func(t *testing.T, o db.Options) { test(t, newWorld(t, o)) })
}

func newWorld(t *testing.T, o db.Options) *world {
	t.Helper()
	d := dbtest.Open(t, o, Migrations, events.Migrations, idempotency.Migrations)
	keys, err := keyring.Open(t.TempDir(), time.Hour)
	require.NoError(t, err)
	w := &world{t: t, accounts: &userstest.Accounts{}}
	bus := events.NewBus(d, clock.System{})
	mailer := &mailtest.Mailer{PublicURL: "http://lyceum.test"}
	w.Service = newService(Params{
		DB: d, Store: newStore(d), Accounts: w.accounts, Verifier: w.accounts, Roles: w.accounts, Events: bus,
		Mailer: mailer, Clock: clock.System{}, Keys: keys, Config: &Config{},
	})
	require.NoError(t,
		bus.AttachSubscriptions(newSubscribers(w.Service), []events.Subscription{events.SubscribeInTx("audit", w.note)}))
	return w
}

func (w *world) note(_ context.Context, e auditapi.Entry) error {
	w.entries = append(w.entries, e)
	return nil
}

// newAccount is an account and a context in which it acts.
func (w *world) newAccount(name string, role identity.Role) (string, context.Context) {
	id := w.accounts.New(name, role).ID
	return id, identity.WithCaller(w.t.Context(), identity.Caller{UserID: id, Role: role})
}

func (w *world) mustCreate(ctx context.Context, n inviteParams) (*invite, string) {
	w.t.Helper()
	n.Role, n.MaxUses = usersapi.RoleMember, max(n.MaxUses, 1)
	m, err := w.create(ctx, n)
	require.NoError(w.t, err)
	return m.invite, m.Code
}

// export reads an account's holdings in pages of two.
func (w *world) export(user string) map[string][]map[string]any {
	w.t.Helper()
	return userstest.ReadExport(w.t, holdings{w.Service, 2}, user)
}

func (w *world) erase(user string) {
	w.t.Helper()
	require.NoError(w.t,
		w.db.InTx(w.t.Context(), func(ctx context.Context) error { return newHoldings(w.Service).Erase(ctx, user) }))
}

func code(t *testing.T, err error) string {
	t.Helper()
	if err == nil {
		return ""
	}
	e, ok := apperr.As(err)
	require.True(t, ok, "no answer for callers: %v", err)
	return e.Code
}

func TestHoldingsAreExportedAndErased(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		ada, asAda := w.newAccount("ada", usersapi.RoleAdmin)
		_, asBea := w.newAccount("bea", usersapi.RoleAdmin)
		uli, asUli := w.newAccount("uli", usersapi.RoleUser)
		olga, asOlga := w.newAccount("olga", usersapi.RoleUser)
		for i := range 5 {
			_, code := w.mustCreate(asAda, inviteParams{grant: grant{Note: fmt.Sprintf("N %d", i)}, MaxUses: 2})
			for _, redeemer := range []context.Context{asUli, asOlga} {
				_, err := w.redeem(redeemer, code)
				require.NoError(t, err)
			}
		}
		bound, _ := w.mustCreate(asAda, inviteParams{Email: "someone@example.org"})
		w.mustCreate(asBea, inviteParams{grant: grant{Note: "bea's"}})

		made := w.export(ada)["invites_created"]
		require.Len(t, made, 6)
		require.Equal(t,
			map[string]any{
				"id": bound.ID, "role_to_grant": "member", "email_bound": true, "note": "", "max_uses": 1.0,
				"uses":       0.0,
				"expires_at": nil, "created_at": bound.CreatedAt.String(),
			}, made[5])
		require.Equal(t, []any{"N 4", false}, []any{made[4]["note"], made[4]["email_bound"]})
		used, before := w.export(uli), w.export(olga)
		require.Len(t, used, 1)
		require.Len(t, used["invites_redeemed"], 5)
		require.Len(t, before["invites_redeemed"], 5)
		require.Len(t, used["invites_redeemed"][0], 3)
		require.Equal(t, made[0]["id"], used["invites_redeemed"][0]["invite_id"])

		for range 2 {
			w.erase(uli)
			require.Empty(t, w.export(uli))
			require.Equal(t, before, w.export(olga))
			require.Equal(t, made, w.export(ada)["invites_created"])
		}
	})
}

func TestHoldingsErasedLeaveNoAddress(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		_, asAda := w.newAccount("ada", usersapi.RoleAdmin)
		uli, asUli := w.newAccount("uli", usersapi.RoleUser)
		open, openCode := w.mustCreate(asAda, inviteParams{Email: "uli@example.org"})
		spent, spentCode := w.mustCreate(asAda, inviteParams{Email: "uli@example.org"})
		others, _ := w.mustCreate(asAda, inviteParams{Email: "olga@example.org"})
		free, freeCode := w.mustCreate(asAda, inviteParams{})
		_, err := w.redeem(asUli, spentCode)
		require.NoError(t, err)

		w.entries = nil
		w.erase(uli)
		require.Equal(t,
			[]auditapi.Entry{
				{
					Action: "invite.revoked", TargetType: "invite", TargetID: open.ID,
					Data: map[string]any{"reason": "account-deleted"},
				},
			},
			w.entries)
		w.erase(uli)
		w.accounts.Remove(uli)
		w.erase(uli)
		require.Len(t, w.entries, 1)

		for id, want := range map[string]string{
			open.ID: statusRevoked, spent.ID: statusExhausted, others.ID: statusActive, free.ID: statusActive,
		} {
			i, err := w.store.findByID(t.Context(), id)
			require.NoError(t, err)
			require.Equal(t, want, i.status(w.clock.Now()))
			v := newInviteView(i, w.clock.Now())
			if id == others.ID {
				require.Equal(t, "olga@example.org", *v.Email)
				continue
			}
			require.Nil(t, v.Email)
			require.Equal(t, id == free.ID, i.Email == nil)
		}
		// Even if it were open again, a blanked invite is for nobody: not for an account without an
		// address either.
		require.NoError(t, w.db.Conn(t.Context()).Exec("UPDATE invites SET revoked_at = NULL").Error)
		_, asOlga := w.newAccount("olga", usersapi.RoleUser)
		nameless, asNameless := w.newAccount("nameless", usersapi.RoleUser)
		w.accounts.Put(usersapi.Account{ID: nameless, Role: usersapi.RoleUser, Active: true})
		for _, redeemer := range []context.Context{asOlga, asNameless} {
			_, err = w.redeem(redeemer, openCode)
			require.Equal(t, "invite-wrong-address", code(t, err))
		}
		_, err = w.redeem(asUli, openCode)
		require.Equal(t, "invalid-token", code(t, err), "the account is gone")
		_, err = w.redeem(asOlga, freeCode)
		require.NoError(t, err)
	})
}
