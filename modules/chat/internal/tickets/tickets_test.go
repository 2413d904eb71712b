package tickets

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"lyceum/platform/apperr"
	"lyceum/platform/db"
	"lyceum/platform/identity"
	"lyceum/platform/ids"
	"lyceum/platform/testkit"
	"lyceum/platform/testkit/dbtest"
	"lyceum/platform/ws"
)

func TestMain(m *testing.M) { testkit.Main(m) }

// onBoth runs a test on an empty database of either kind.
func onBoth(t *testing.T, test func(t *testing.T, s *Service, c *testkit.Clock)) {
	t.Helper()
	dbtest.OnBoth(t, func(t *testing.T, d *db.DB) {
		c := testkit.NewClock(time.Now())
		test(t, NewService(d, c), c)
	}, dbtest.ReadMigrations(t, "../.."))
}

func TestTicketsAreRedeemedOnce(t *testing.T) {
	onBoth(t, func(t *testing.T, s *Service, c *testkit.Clock) {
		caller := identity.Caller{UserID: ids.New(), SessionID: ids.New()}
		expires := c.Now().StdTime().Add(time.Hour)
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
		c.Advance(Life)
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
	onBoth(t, func(t *testing.T, s *Service, c *testkit.Clock) {
		ctx := identity.WithCaller(t.Context(), identity.Caller{UserID: ids.New(), SessionID: ids.New()})
		_, err := s.Issue(ctx, c.Now().StdTime())
		require.NoError(t, err)
		c.Advance(Life + time.Millisecond)
		fresh, err := s.Issue(ctx, c.Now().StdTime())
		require.NoError(t, err)
		require.NoError(t, s.DeleteExpired(t.Context()))
		var left int64
		require.NoError(t, s.store.db.Conn(t.Context()).Table("chat_tickets").Count(&left).Error)
		require.EqualValues(t, 1, left)
		_, err = s.Redeem(t.Context(), fresh)
		require.NoError(t, err)
	})
}
