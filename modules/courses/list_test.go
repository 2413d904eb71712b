package courses

import (
	"testing"

	"github.com/stretchr/testify/require"

	"lyceum/modules/users/usersapi"
	"lyceum/platform/apperr"
	"lyceum/platform/clock"
	"lyceum/platform/identity"
)

func TestFilterCheckCaller(t *testing.T) {
	nobody := identity.Caller{}
	user := identity.Caller{UserID: "u", Role: usersapi.RoleUser}
	memberCaller := identity.Caller{UserID: "m", Role: usersapi.RoleMember}
	for _, c := range []struct {
		name   string
		filter filter
		caller identity.Caller
		want   string
	}{
		{"published courses are for everybody", filter{Status: published}, nobody, ""},
		{"public courses are for everybody", filter{Status: published, Visibility: public}, nobody, ""},
		{"drafts need an account", filter{Status: draft}, nobody, apperr.Unauthenticated().Code},
		{"the trash needs an account", filter{Status: deleted}, nobody, apperr.Unauthenticated().Code},
		{"private courses need an account", filter{Status: published, Visibility: private}, nobody, apperr.Unauthenticated().Code},
		{"courses for members need an account", filter{Status: published, Visibility: member}, nobody, apperr.Unauthenticated().Code},
		{"courses for members need a member", filter{Status: published, Visibility: member}, user, errForMember.Code},
		{"members see courses for members", filter{Status: published, Visibility: member}, memberCaller, ""},
		{"an account lists its drafts", filter{Status: draft}, user, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := c.filter.checkCaller(c.caller)
			if c.want == "" {
				require.NoError(t, err)
				return
			}
			var fault *apperr.Error
			require.ErrorAs(t, err, &fault)
			require.Equal(t, c.want, fault.Code)
		})
	}
}

func TestFilterPositionOf(t *testing.T) {
	created, updated := clock.FromMillis(1000), clock.FromMillis(2000)
	c := &course{ID: "id", FoldedTitle: "title", CreatedAt: created, UpdatedAt: updated}
	for sort, want := range map[string]position{
		"newest":  {At: created, ID: "id"},
		"updated": {At: updated, ID: "id"},
		"title":   {Title: "title", ID: "id"},
	} {
		t.Run(sort, func(t *testing.T) {
			require.Equal(t, want, filter{Sort: sort}.positionOf(c))
		})
	}
}

func TestPercentOf(t *testing.T) {
	for name, c := range map[string]struct{ sum, lessons, want int }{
		"no lessons":                 {0, 0, 0},
		"the floor of the mean":      {199, 2, 99},
		"all complete":               {300, 3, 100},
		"more than there are by now": {400, 3, 100},
	} {
		t.Run(name, func(t *testing.T) {
			require.Equal(t, c.want, percentOf(c.sum, c.lessons))
		})
	}
}
