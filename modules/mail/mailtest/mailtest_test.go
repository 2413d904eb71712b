package mailtest_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"lyceum/modules/mail/mailapi"
	"lyceum/modules/mail/mailtest"
	"lyceum/platform/testkit/dbtest"
)

func welcome(userID string) mailapi.Mail {
	return mailapi.Mail{Kind: "welcome", To: "ada@example.org", UserID: userID, Data: map[string]any{
		"DisplayName": "Ada", "Link": "http://lyceum.test/courses",
	}}
}

func TestMailer(t *testing.T) {
	t.Run("keeps mails of committed transactions", func(t *testing.T) {
		d := dbtest.Open(t, dbtest.SQLite(t))
		m, undo := &mailtest.Mailer{}, errors.New("undo")
		require.ErrorIs(t, d.InTx(t.Context(), func(ctx context.Context) error {
			require.NoError(t, m.Queue(ctx, welcome("1")))
			return undo
		}), undo)
		require.Empty(t, m.Mails())
		require.NoError(t, d.InTx(t.Context(), func(ctx context.Context) error {
			return m.Queue(ctx, welcome("1"), welcome("2"))
		}))
		require.Len(t, m.Mails(), 2)
		require.Equal(t, []string{"welcome"}, m.KindsTo("2"))
	})
	t.Run("refuses a mail that lacks a value", func(t *testing.T) {
		m := &mailtest.Mailer{}
		require.Error(t, m.Queue(t.Context(), mailapi.Mail{Kind: "welcome"}))
		require.Empty(t, m.Mails())
	})
	t.Run("returns the error of QueueFunc", func(t *testing.T) {
		full := errors.New("full")
		m := &mailtest.Mailer{QueueFunc: func(context.Context, ...mailapi.Mail) error { return full }}
		require.ErrorIs(t, m.Queue(t.Context(), welcome("1")), full)
		require.Empty(t, m.Mails())
	})
}

func ExampleMailer() {
	mailer := &mailtest.Mailer{PublicURL: "https://lyceum.example"}
	err := mailer.Queue(context.Background(), mailapi.Mail{
		Kind: "welcome", To: "ada@example.org", UserID: "ada",
		Data: map[string]any{"DisplayName": "Ada", "Link": mailer.Link("/verify", "token", "secret")},
	})
	fmt.Println(err, mailer.KindsTo("ada"))
	// Output: <nil> [welcome]
}
