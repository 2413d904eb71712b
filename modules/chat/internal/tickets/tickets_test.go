package tickets

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"lyceum/modules/chat/internal/chattest"
	"lyceum/platform/apperr"
	"lyceum/platform/clock"
	"lyceum/platform/db"
	"lyceum/platform/identity"
	"lyceum/platform/ids"
	"lyceum/platform/testkit"
	"lyceum/platform/ws"
)

func TestMain(m *testing.M) { testkit.Main(m) }

// hands is a clock that tests set.
type hands struct{ now time.Time }

func (h *hands) Now() clock.Time { return clock.FromTime(h.now) }

// onBoth runs a test on an empty database of either kind.
func onBoth(t *testing.T, test func(t *testing.T, s *Service, h *hands)) {
	t.Helper()
	run := func(t *testing.T, options db.Options) {
		t.Parallel()
		d := chattest.OpenDatabase(t, options)
		h := &hands{time.Now()}
		test(t, NewService(d, h), h)
	}
	t.Run("sqlite", func(t *testing.T) { run(t, db.Options{Dir: t.TempDir(), MaxConns: 4}) })
	t.Run("postgres", func(t *testing.T) { run(t, db.Options{URL: testkit.Postgres(t), MaxConns: 8}) })
}

func TestTicketsAreRedeemedOnce(t *testing.T) {
	onBoth(t, func(t *testing.T, s *Service, h *hands) {
		caller := identity.Caller{UserID: ids.New(), SessionID: ids.New()}
		expires := h.now.Add(time.Hour).Truncate(time.Millisecond)
		issue := func() string {
			code, err := s.Issue(identity.WithCaller(t.Context(), caller), expires)
			require.NoError(t, err)
			require.Len(t, code, 43)
			return code
		}
		isRefused := func(code string) {
			t.Helper()
			_, err := s.Redeem(t.Context(), code)
			e, ok := apperr.As(err)
			require.True(t, ok, "%v", err)
			require.Equal(t, "invalid-token", e.Code)
		}
		code := issue()
		holder, err := s.Redeem(t.Context(), code)
		require.NoError(t, err)
		require.True(t, expires.Equal(holder.Expires))
		holder.Expires = time.Time{}
		require.Equal(t, ws.TicketHolder{UserID: caller.UserID, SessionID: caller.SessionID}, holder)
		isRefused(code)
		isRefused("unknown")
		isRefused("")

		code = issue()
		h.now = h.now.Add(Life)
		isRefused(code)

		code = issue()
		var winners atomic.Int64
		var redeeming sync.WaitGroup
		for range 20 {
			redeeming.Go(func() {
				if _, err := s.Redeem(context.Background(), code); err == nil {
					winners.Add(1)
				}
			})
		}
		redeeming.Wait()
		require.EqualValues(t, 1, winners.Load())
	})
}

func TestExpiredTicketsAreDeleted(t *testing.T) {
	onBoth(t, func(t *testing.T, s *Service, h *hands) {
		ctx := identity.WithCaller(t.Context(), identity.Caller{UserID: ids.New(), SessionID: ids.New()})
		_, err := s.Issue(ctx, h.now)
		require.NoError(t, err)
		h.now = h.now.Add(Life + time.Millisecond)
		fresh, err := s.Issue(ctx, h.now)
		require.NoError(t, err)
		require.NoError(t, s.DeleteExpired(t.Context()))
		var left int64
		require.NoError(t, s.store.db.Conn(t.Context()).Table("chat_tickets").Count(&left).Error)
		require.EqualValues(t, 1, left)
		_, err = s.Redeem(t.Context(), fresh)
		require.NoError(t, err)
	})
}
