package invites

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"lyceum/modules/users/usersapi"
	"lyceum/platform/clock"
	"lyceum/platform/ids"
)

// The rule of a status is written twice: in Go for one invite and in SQL for lists. Both say the
// same of every combination of its fields, and every invite has exactly one status.
func TestStatusIsTheSameInGoAndSQL(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		now := clock.System{}.Now()
		before, after := now.Add(-time.Hour), now.Add(time.Hour)
		want := map[string]string{}
		for _, revokedAt := range []*clock.Time{nil, &before} {
			for _, expiresAt := range []*clock.Time{nil, &before, &now, &after} {
				for uses := range 3 {
					id := ids.New()
					i := &invite{
						ID: id, CodeHash: []byte(id), CodePrefix: "TEST", RoleToGrant: usersapi.RoleMember,
						MaxUses: 2, Uses: uses,
						ExpiresAt: expiresAt, RevokedAt: revokedAt, CreatedBy: ids.New(), CreatedAt: now, CourseIDs: "[]",
					}
					require.NoError(t, w.store.insert(t.Context(), []*invite{i}))
					want[id] = i.status(now)
				}
			}
		}
		found := map[string]string{}
		for status := range statusConditions {
			list, err := w.store.list(t.Context(), listFilter{Status: status}, now, nil, 100)
			require.NoError(t, err)
			for _, i := range list {
				require.NotContains(t, found, i.ID, "two statuses")
				found[i.ID] = status
			}
		}
		require.Equal(t, want, found)
	})
}

func TestStatusOrder(t *testing.T) {
	now := clock.System{}.Now()
	past := now.Add(-time.Minute)
	for want, i := range map[string]invite{
		statusActive:    {MaxUses: 1},
		statusExhausted: {MaxUses: 1, Uses: 1},
		statusExpired:   {MaxUses: 1, Uses: 1, ExpiresAt: &past},
		statusRevoked:   {MaxUses: 1, Uses: 1, ExpiresAt: &past, RevokedAt: &past},
	} {
		t.Run(want, func(t *testing.T) { require.Equal(t, want, i.status(now)) })
	}
}

func TestAddresses(t *testing.T) {
	ada, blank := "ada@example.org", ""
	for name, c := range map[string]struct {
		email  *string
		shown  *string
		isFor  []string
		notFor []string
	}{
		"anybody":             {nil, nil, []string{ada, "bea@example.org"}, nil},
		"one address":         {&ada, &ada, []string{ada}, []string{"bea@example.org", ""}},
		"a deleted account's": {&blank, nil, nil, []string{ada, ""}},
	} {
		t.Run(name, func(t *testing.T) {
			i := invite{Email: c.email}
			require.Equal(t, c.shown, i.address())
			for _, email := range c.isFor {
				require.True(t, i.isFor(email), email)
			}
			for _, email := range c.notFor {
				require.False(t, i.isFor(email), email)
			}
		})
	}
}

func TestCourseIDs(t *testing.T) {
	for _, want := range [][]string{{}, {"a"}, {"a", "b"}} {
		t.Run(fmt.Sprint(want), func(t *testing.T) {
			require.Equal(t, want, (&invite{CourseIDs: encodeCourseIDs(want)}).courseIDs())
		})
	}
}
