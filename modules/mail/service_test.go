package mail

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"lyceum/modules/mail/mailapi"
	"lyceum/platform/apperr"
	"lyceum/platform/ids"
	"lyceum/platform/jobs"
	"lyceum/platform/smtp"
	"lyceum/platform/telemetry"
)

func TestQueue(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		t.Run("stores the mail without a readable text", func(t *testing.T) {
			m := w.loadMail(w.queueWelcome("ada@example.org").ID)
			require.Equal(t, statusQueued, m.Status)
			require.Equal(t, "welcome", m.Kind)
			require.NotEmpty(t, m.Subject)
			require.NotEmpty(t, m.Sealed)
			require.NotContains(t, string(m.Sealed), "Ada")
			require.Empty(t, w.sender.acceptedMails(), "a job sends it")
		})
		t.Run("stores nothing if the transaction is rolled back", func(t *testing.T) {
			before, undo := len(w.listMails()), errors.New("undo")
			require.ErrorIs(t, w.db.InTx(t.Context(), func(ctx context.Context) error {
				require.NoError(t, w.Queue(ctx, newWelcome("bob@example.org")))
				return undo
			}), undo)
			require.Len(t, w.listMails(), before)
		})
		t.Run("refuses an unknown template and a missing value", func(t *testing.T) {
			before := len(w.listMails())
			require.Error(t, w.Queue(t.Context(), mailapi.Mail{Kind: "no_such_mail", To: "ada@example.org"}))
			require.Error(t, w.Queue(t.Context(), newWelcome("ada@example.org"), mailapi.Mail{Kind: "welcome"}))
			require.Len(t, w.listMails(), before, "none of several mails is stored")
		})
		t.Run("does nothing without a mail", func(t *testing.T) {
			require.NoError(t, w.Queue(t.Context()))
		})
	})
}

func TestLink(t *testing.T) {
	s := &Service{publicURL: "https://lyceum.example"}
	require.Equal(t, "https://lyceum.example/verify#token=abc", s.Link("/verify", "token", "abc"))
}

func TestSend(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		t.Run("sends the text once and erases it", func(t *testing.T) {
			m := w.attemptSend(w.queueWelcome("ada@example.org").ID)
			require.Equal(t, statusSent, m.Status)
			require.Equal(t, 1, m.Attempts)
			require.Nil(t, m.Sealed)
			require.NotNil(t, m.SentAt)
			w.attemptSend(m.ID)
			accepted := w.sender.acceptedMails()
			require.Len(t, accepted, 1)
			require.Equal(t, m.ID, accepted[0].ID)
			require.Equal(t, "ada@example.org", accepted[0].To)
			require.Equal(t, "Lyceum <no-reply@lyceum.test>", accepted[0].From)
			require.Contains(t, accepted[0].Text, "Ada")
		})
		t.Run("passes the link for unsubscribing", func(t *testing.T) {
			mail := newWelcome("carl@example.org")
			mail.Unsubscribe = "https://lyceum.test/notifications/unsubscribe/x"
			require.NoError(t, w.Queue(t.Context(), mail))
			w.attemptSend(w.listMails()[0].ID)
			accepted := w.sender.acceptedMails()
			require.Equal(t, mail.Unsubscribe, accepted[len(accepted)-1].Unsubscribe)
		})
		t.Run("is sent by one of many workers", func(t *testing.T) {
			before, m := len(w.sender.acceptedMails()), w.queueWelcome("dora@example.org")
			var workers sync.WaitGroup
			for range 8 {
				workers.Go(func() { require.NoError(t, w.send(t.Context(), m.ID)) })
			}
			workers.Wait()
			require.Len(t, w.sender.acceptedMails(), before+1)
		})
		t.Run("ignores the id of no mail", func(t *testing.T) {
			require.NoError(t, w.send(t.Context(), ids.New()))
		})
		t.Run("fails a mail whose text was encrypted with another key", func(t *testing.T) {
			m := w.queueWelcome("erna@example.org")
			other := newWorld(t, newDBOptions(t))
			w.sealKey, other.sealKey = other.sealKey, w.sealKey
			m = w.attemptSend(m.ID)
			w.sealKey = other.sealKey
			require.Equal(t, statusFailed, m.Status)
			require.Contains(t, m.LastError, "this server's secret")
		})
	})
}

func TestAttempts(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		m := w.queueWelcome("ada@example.org")
		w.sender.setError(errUnreachable)
		for _, step := range []struct {
			name  string
			after time.Duration
			pause time.Duration
		}{
			{"the first attempt", 0, eagerPause},
			{"within the first hour", 30 * time.Minute, eagerPause},
			{"after the first hour", 31 * time.Minute, calmPause},
			{"on the same day", 20 * time.Hour, calmPause},
		} {
			t.Run(step.name, func(t *testing.T) {
				w.clock.Advance(step.after)
				m = w.attemptSend(m.ID)
				require.Equal(t, statusQueued, m.Status)
				require.Equal(t, w.clock.Now().Add(step.pause), m.NextAt)
				require.Contains(t, m.LastError, "can't be reached")
				before := m.Attempts
				require.Equal(t, before, w.attemptSend(m.ID).Attempts, "it is not due yet")
			})
		}
		t.Run("after a day it fails", func(t *testing.T) {
			w.clock.Advance(4 * time.Hour)
			m = w.attemptSend(m.ID)
			require.Equal(t, statusFailed, m.Status)
		})
		t.Run("an administrator's retry begins another day", func(t *testing.T) {
			require.NoError(t, w.retry(t.Context(), m.ID))
			m = w.attemptSend(m.ID)
			require.Equal(t, statusQueued, m.Status)
			w.sender.setError(nil)
			w.clock.Advance(eagerPause)
			m = w.attemptSend(m.ID)
			require.Equal(t, statusSent, m.Status)
			require.Empty(t, m.LastError)
		})
	})
}

func TestPermanentErrors(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		w.sender.setError(fmt.Errorf("%w: %s", smtp.ErrBadMessage, strings.Repeat("ü", 400)))
		m := w.attemptSend(w.queueWelcome("ada@example.org").ID)
		require.Equal(t, statusFailed, m.Status)
		require.LessOrEqual(t, len(m.LastError), maxErrorBytes)
		require.NotEmpty(t, m.Sealed, "an administrator may try it again")
	})
}

func TestLateMailsAreFound(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		m := w.queueWelcome("ada@example.org")
		due, err := w.findLate(t.Context())
		require.NoError(t, err)
		require.Empty(t, due, "its job was just enqueued")
		w.clock.Advance(lateAfter)
		due, err = w.findLate(t.Context())
		require.NoError(t, err)
		require.Equal(t, []jobs.Job{{ID: m.ID}}, due)
		w.attemptSend(m.ID)
		due, err = w.findLate(t.Context())
		require.NoError(t, err)
		require.Empty(t, due, "it was sent")
	})
}

// The sweep finds a mail with the request and the span that have queued it, so that every attempt belongs to them.
func TestMailsKeepTheirCause(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		cause := telemetry.Cause{
			Traceparent: sql.NullString{String: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", Valid: true},
			RequestID:   sql.NullString{String: "request-1", Valid: true},
		}
		require.NoError(t, w.Queue(cause.Attach(t.Context()), newWelcome("ada@example.org")))
		w.clock.Advance(lateAfter)
		due, err := w.findLate(t.Context())
		require.NoError(t, err)
		require.Len(t, due, 1)
		require.Equal(t, cause, due[0].Cause)
		require.Equal(t, cause, w.attemptSend(due[0].ID).Cause)
	})
}

func TestRetry(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		requireCode := func(t *testing.T, code string, err error) {
			t.Helper()
			e, ok := apperr.As(err)
			require.True(t, ok, "%v", err)
			require.Equal(t, code, e.Code)
		}
		t.Run("an id that no mail has", func(t *testing.T) {
			requireCode(t, "not-found", w.retry(t.Context(), ids.New()))
			requireCode(t, "not-found", w.retry(t.Context(), "x"))
		})
		t.Run("a mail that was sent", func(t *testing.T) {
			requireCode(t, "email-sent", w.retry(t.Context(), w.attemptSend(w.queueWelcome("ada@example.org").ID).ID))
		})
		t.Run("all that failed", func(t *testing.T) {
			w.sender.setError(smtp.ErrBadMessage)
			for n := range 3 {
				w.attemptSend(w.queueWelcome(fmt.Sprintf("failed-%d@example.org", n)).ID)
			}
			count, err := w.retryAll(t.Context(), statusFailed)
			require.NoError(t, err)
			require.Equal(t, 3, count)
			count, err = w.retryAll(t.Context(), statusFailed)
			require.NoError(t, err)
			require.Zero(t, count)
		})
	})
}
