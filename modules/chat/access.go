package chat

import (
	"context"
	"slices"
	"strings"

	"go.uber.org/fx"

	"lyceum/modules/courses/coursesapi"
	"lyceum/modules/users/usersapi"
	"lyceum/platform/cache"
	"lyceum/platform/identity"
)

// topicAccess tells replicas that someone may read more or less than before.
const topicAccess = "chat.access"

// Courses is the answer about course channels; without the module there is none.
type Courses struct {
	fx.In
	Reader coursesapi.Reader `optional:"true"`
}

// access decides who may read a channel. Sockets ask it again and again, so what takes a query is
// kept until it changes.
type access struct {
	store   *store
	courses coursesapi.Reader
	granted *cache.Invalidated[bool]
}

func newAccess(s *store, c Courses, b cache.Signals) *access {
	a := &access{store: s, courses: c.Reader}
	a.granted = cache.NewInvalidated(b, topicAccess, a.load)
	return a
}

// mayRead is the one rule of who may read a channel:
//
//	public   every account           course   enrolled and owner of the course
//	member   members                 private  creator and members of the channel
//
// and administrators always.
func (a *access) mayRead(ctx context.Context, caller identity.Caller, c *channel) (bool, error) {
	switch {
	case !caller.IsSignedIn():
		return false, nil
	case caller.HasRole(usersapi.RoleAdmin):
		return true, nil
	}
	switch c.Visibility {
	case public:
		return true, nil
	case member:
		return caller.HasRole(usersapi.RoleMember), nil
	case private:
		if c.CreatedBy != nil && *c.CreatedBy == caller.UserID {
			return true, nil
		}
		_, ok, err := a.granted.Get(ctx, memberKey(c.ID, caller.UserID))
		return ok, err
	}
	if a.courses == nil || c.CourseID == nil {
		return false, nil
	}
	_, ok, err := a.granted.Get(ctx, courseKey(*c.CourseID, caller.UserID))
	return ok, err
}

func memberKey(channelID, userID string) string { return "member " + channelID + " " + userID }
func courseKey(courseID, userID string) string  { return "course " + courseID + " " + userID }

// load answers a key. "No" is given as missing, which is never kept: a right that was granted
// works at once.
func (a *access) load(ctx context.Context, key string) (yes, ok bool, err error) {
	kind, rest, _ := strings.Cut(key, " ")
	id, user, _ := strings.Cut(rest, " ")
	if kind == "member" {
		ok, err = a.store.isMember(ctx, id, user)
		return ok, ok, err
	}
	c, found, err := a.courses.Find(ctx, id)
	if err != nil || !found {
		return false, false, err
	}
	if c.OwnerID == user {
		return true, true, nil
	}
	ok, err = a.courses.Enrolled(ctx, user, id)
	return ok, ok, err
}

// visible says which channels a list may show: the rule of mayRead for queries.
type visible struct {
	userID       string
	all          bool
	visibilities []string
	courses      []string
}

func (a *access) visibleTo(ctx context.Context, caller identity.Caller) (v visible, err error) {
	v = visible{userID: caller.UserID, all: caller.HasRole(usersapi.RoleAdmin), visibilities: openTo(caller.Role)}
	if a.courses != nil && !v.all {
		v.courses, err = a.courses.EnrolledCourses(ctx, caller.UserID)
	}
	return v, err
}

// openTo lists the visibilities that a role alone gives.
func openTo(role identity.Role) []string {
	open := []string{public}
	if role.IsAtLeast(usersapi.RoleMember) {
		open = append(open, member)
	}
	if role.IsAtLeast(usersapi.RoleAdmin) {
		open = append(open, course, private)
	}
	return slices.Clip(open)
}
