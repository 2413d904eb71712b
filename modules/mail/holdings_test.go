package mail

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"lyceum/modules/users/usersapi"
	"lyceum/platform/db"
	"lyceum/platform/ids"
)

// newDBOptions returns the options of a new database for a second world.
func newDBOptions(t *testing.T) db.Options { return db.Options{Dir: t.TempDir(), MaxConns: 8} }

// queueMail queues a mail to an address of an account.
func (w *world) queueMail(userID, address string) {
	w.t.Helper()
	mail := newWelcome(address)
	mail.UserID = userID
	require.NoError(w.t, w.Queue(w.t.Context(), mail))
}

func TestExport(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		ada, bob := ids.New(), ids.New()
		for n := range 5 {
			w.queueMail(ada, fmt.Sprintf("ada-%d@example.org", n))
			w.queueMail(bob, "bob@example.org")
		}
		var addresses []string
		err := holdings{w.store, w.accounts, 2}.Export(t.Context(), ada, func(section string, v any) error {
			require.Equal(t, "messages", section)
			addresses = append(addresses, v.(heldMail).Recipient)
			return nil
		})
		require.NoError(t, err)
		require.Equal(t, []string{
			"ada-0@example.org", "ada-1@example.org", "ada-2@example.org", "ada-3@example.org", "ada-4@example.org",
		}, addresses, "pages of two, the oldest first, without the mails to others")
	})
}

func TestErase(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		ada, bob := ids.New(), ids.New()
		w.accounts.Put(usersapi.Account{ID: ada, Email: "ada@example.org"})
		queue := func() {
			w.queueMail(ada, "old-address@example.org")
			w.queueMail("", "ada@example.org")
			w.queueMail(bob, "bob@example.org")
		}
		recipients := func() (out []string) {
			for _, m := range w.listMails() {
				out = append(out, m.Recipient)
			}
			return out
		}
		h := newHoldings(w.store, w.accounts)
		require.Equal(t, "mail", h.Module())

		queue()
		require.NoError(t, h.Erase(t.Context(), ada))
		require.Equal(t, []string{"bob@example.org"}, recipients(), "by account and by address")

		w.accounts.Remove(ada)
		queue()
		require.NoError(t, h.Erase(t.Context(), ada))
		require.ElementsMatch(t, []string{"bob@example.org", "ada@example.org", "bob@example.org"}, recipients(),
			"the address may belong to somebody else by now")
	})
}
