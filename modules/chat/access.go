package chat

import (
	"context"
	"slices"
	"strings"

	"go.uber.org/fx"

	"lyceum/modules/chat/internal/messages"
	"lyceum/modules/courses/coursesapi"
	"lyceum/modules/users/usersapi"
	"lyceum/platform/cache"
	"lyceum/platform/db"
	"lyceum/platform/identity"
)

// Topics of the signals that drop what replicas keep in memory. The empty key stands for all keys.
const (
	// topicAccess says that an account may read more or fewer channels. The key is memberKey or
	// courseKey.
	topicAccess = "chat.access"
	// topicChannel says that a channel changed. The key is the channel's id.
	topicChannel = "chat.channel"
)

// Courses is the optional answer of the module courses. Without it there are no course channels.
type Courses struct {
	fx.In
	Reader coursesapi.Reader `optional:"true"`
}

// access decides which accounts may read a channel. Each socket asks twice a second, so channels
// and rights that take a query are kept in memory until a signal drops them.
type access struct {
	store   *store
	courses coursesapi.Reader
	// granted holds rights by key. It keeps no refusals, so a new right works at once. Signals
	// about new rights only end a read that began before the commit.
	granted *cache.Invalidated[bool]
	// channels holds the channels that exist, by id, for sockets. Requests read the database by
	// slug.
	channels *cache.Invalidated[channel]
}

// newAccess returns an access whose memory listens to the signals of all replicas.
func newAccess(s *store, c Courses, signals cache.Signals) *access {
	a := &access{store: s, courses: c.Reader}
	a.granted = cache.NewInvalidated(signals, topicAccess, a.loadGranted)
	a.channels = cache.NewInvalidated(signals, topicChannel, a.loadChannel)
	return a
}

// canRead is the rule of which accounts may read a channel:
//
//	public   every account           course   learners and owner of the course
//	member   members and above       private  creator and members of the channel
//
// Administrators may read every channel. Its twins for queries are channelFilter, with the SQL in
// store.listChannels, and visibilitiesOf.
func (a *access) canRead(ctx context.Context, caller identity.Caller, c *channel) (bool, error) {
	switch {
	case !caller.IsSignedIn():
		return false, nil
	case caller.HasRole(usersapi.RoleAdmin):
		return true, nil
	}
	switch c.Visibility {
	case visibilityPublic:
		return true, nil
	case visibilityMember:
		return caller.HasRole(usersapi.RoleMember), nil
	case visibilityPrivate:
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

// memberKey is the key of the right of a member of a private channel.
func memberKey(channelID, userID string) string { return "member " + channelID + " " + userID }

// courseKey is the key of the right of a learner or owner to the channels of a course.
func courseKey(courseID, userID string) string { return "course " + courseID + " " + userID }

// loadGranted returns whether the right of a key exists, in both results: the cache keeps only keys
// that have a value.
func (a *access) loadGranted(ctx context.Context, key string) (granted, ok bool, err error) {
	kind, rest, _ := strings.Cut(key, " ")
	id, userID, _ := strings.Cut(rest, " ")
	if kind == "member" {
		ok, err = a.store.isMember(ctx, id, userID)
		return ok, ok, err
	}
	course, found, err := a.courses.Find(ctx, id)
	if err != nil || !found {
		return false, false, err
	}
	if course.OwnerID == userID {
		return true, true, nil
	}
	ok, err = a.courses.Enrolled(ctx, userID, id)
	return ok, ok, err
}

// loadChannel returns a channel that exists.
func (a *access) loadChannel(ctx context.Context, id string) (channel, bool, error) {
	c, err := a.store.channelByID(ctx, id)
	if db.IsNotFound(err) {
		return channel{}, false, nil
	}
	return *c, err == nil, err
}

// channelForMessages returns what internal/messages may know of a channel.
func (a *access) channelForMessages(c *channel) messages.Channel {
	canRead := func(ctx context.Context, account identity.Caller) (bool, error) { return a.canRead(ctx, account, c) }
	return messages.Channel{ID: c.ID, Slug: c.Slug, CanRead: canRead}
}

// channelFilter is the rule of canRead for a query: the channels that a list shows to an account.
type channelFilter struct {
	userID string
	// isUnlimited is true for administrators.
	isUnlimited bool
	// visibilities are those that the role alone may read.
	visibilities []string
	// courseIDs are the courses of the account.
	courseIDs []string
}

// filterFor returns the filter of a caller.
func (a *access) filterFor(ctx context.Context, caller identity.Caller) (f channelFilter, err error) {
	f = channelFilter{
		userID: caller.UserID, isUnlimited: caller.HasRole(usersapi.RoleAdmin),
		visibilities: visibilitiesOf(caller.Role),
	}
	if a.courses != nil && !f.isUnlimited {
		f.courseIDs, err = a.courses.EnrolledCourses(ctx, caller.UserID)
	}
	return f, err
}

// visibilitiesOf returns the visibilities that a role alone may read.
func visibilitiesOf(role identity.Role) []string {
	open := []string{visibilityPublic}
	if role.IsAtLeast(usersapi.RoleMember) {
		open = append(open, visibilityMember)
	}
	if role.IsAtLeast(usersapi.RoleAdmin) {
		open = append(open, visibilityCourse, visibilityPrivate)
	}
	return slices.Clip(open)
}
