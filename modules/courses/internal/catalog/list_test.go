package catalog

import (
	"testing"

	"github.com/stretchr/testify/require"

	"lyceum/modules/courses/internal/course"
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
		{"published courses are for everybody", filter{Status: course.Published}, nobody, ""},
		{"public courses are for everybody", filter{Status: course.Published, Visibility: course.Public}, nobody, ""},
		{"drafts need an account", filter{Status: course.Draft}, nobody, apperr.Unauthenticated().Code},
		{"the trash needs an account", filter{Status: trash}, nobody, apperr.Unauthenticated().Code},
		{
			"private courses need an account", filter{Status: course.Published, Visibility: course.Private},
			nobody, apperr.Unauthenticated().Code,
		},
		{
			"courses for members need an account", filter{Status: course.Published, Visibility: course.Member},
			nobody, apperr.Unauthenticated().Code,
		},
		{
			"courses for members need a member", filter{Status: course.Published, Visibility: course.Member}, user,
			course.ErrMembersOnly.Code,
		},
		{"members see courses for members", filter{Status: course.Published, Visibility: course.Member}, memberCaller, ""},
		{"an account lists its drafts", filter{Status: course.Draft}, user, ""},
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
	c := &course.Course{ID: "id", FoldedTitle: "title", CreatedAt: created, UpdatedAt: updated}
	for sort, want := range map[string]course.PagePosition{
		"newest":  {At: created, ID: "id"},
		"updated": {At: updated, ID: "id"},
		"title":   {Title: "title", ID: "id"},
	} {
		t.Run(sort, func(t *testing.T) {
			require.Equal(t, want, filter{Sort: sort}.positionOf(c))
		})
	}
}
