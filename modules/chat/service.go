package chat

import (
	"context"
	"slices"
	"strconv"

	"go.uber.org/fx"

	"lyceum/modules/audit/auditapi"
	"lyceum/modules/users/usersapi"
	"lyceum/platform/apperr"
	"lyceum/platform/broadcast"
	"lyceum/platform/clock"
	"lyceum/platform/db"
	"lyceum/platform/events"
	"lyceum/platform/identity"
	"lyceum/platform/ids"
	"lyceum/platform/keyset"
	"lyceum/platform/limit"
)

// Topics that tell replicas to look again; the key is the channel's id.
const (
	topicChannel  = "chat.channel"
	topicMessages = "chat.messages"
	topicChanges  = "chat.changes"
)

// Service is what the domain does with channels and messages.
type Service struct {
	db        *db.DB
	store     *store
	access    *access
	accounts  usersapi.Accounts
	events    *events.Bus
	broadcast *broadcast.Bus
	clock     clock.Clock
	queues    *queues
	limiter   *limit.Limiter
	pace      limit.Budget
}

// Params are what a Service is made of.
type Params struct {
	fx.In
	DB        *db.DB
	Store     *store
	Access    *access
	Accounts  usersapi.Accounts
	Events    *events.Bus
	Broadcast *broadcast.Bus
	Clock     clock.Clock
	Limiter   *limit.Limiter
	Config    *Config
}

func newService(p Params) *Service {
	s := &Service{
		db: p.DB, store: p.Store, access: p.Access, accounts: p.Accounts, events: p.Events, broadcast: p.Broadcast, clock: p.Clock,
		limiter: p.Limiter, pace: limit.Budget{Name: "chat", Rate: p.Config.LimitMessages},
	}
	s.queues = newQueues(s.append)
	return s
}

// ensureHQ makes the channel that always exists. Replicas that start together make it once.
func (s *Service) ensureHQ(ctx context.Context) error {
	now := s.clock.Now()
	_, err := s.store.insertChannel(ctx, &channel{ID: ids.New(), Slug: hq, Title: hqTitle, Visibility: public, Version: 1, CreatedAt: now, UpdatedAt: now})
	return err
}

// find gives a channel by its slug: 404 when there is none.
func (s *Service) find(ctx context.Context, slug string) (*channel, error) {
	if !slugForm.MatchString(slug) {
		return nil, errNoChannel
	}
	c, err := s.store.channelBySlug(ctx, slug)
	if db.IsNotFound(err) {
		return nil, errNoChannel
	}
	return c, err
}

// readable is find for readers: 403 for a channel that the caller may not read.
func (s *Service) readable(ctx context.Context, slug string) (*channel, error) {
	c, err := s.find(ctx, slug)
	if err != nil {
		return nil, err
	}
	may, err := s.access.mayRead(ctx, identity.CallerFrom(ctx), c)
	if err != nil {
		return nil, err
	}
	if !may {
		return nil, errNotReader
	}
	return c, nil
}

// managed is find for whoever may change the channel.
func (s *Service) managed(ctx context.Context, slug string) (*channel, error) {
	c, err := s.find(ctx, slug)
	if err != nil {
		return nil, err
	}
	if !c.manages(identity.CallerFrom(ctx)) {
		return nil, errNotManager
	}
	return c, nil
}

// listChannels returns one page of the channels that the caller may read, the oldest first, each with the number of
// messages that the caller has not read.
func (s *Service) listChannels(ctx context.Context, after *keyset.Position, limit int) ([]listed, error) {
	v, err := s.access.visibleTo(ctx, identity.CallerFrom(ctx))
	if err != nil {
		return nil, err
	}
	return s.store.listChannels(ctx, v, after, limit)
}

// getChannel returns a channel with the number of messages that the caller has not read. It returns 404 for a channel that
// does not exist and 403 for one that the caller may not read.
func (s *Service) getChannel(ctx context.Context, slug string) (*listed, error) {
	if _, err := s.readable(ctx, slug); err != nil {
		return nil, err
	}
	return s.listedChannel(ctx, slug)
}

// listedChannel is getChannel for a caller whose right to the channel was checked before.
func (s *Service) listedChannel(ctx context.Context, slug string) (*listed, error) {
	l, err := s.store.listedBySlug(ctx, slug, identity.CallerFrom(ctx).UserID)
	if db.IsNotFound(err) {
		return nil, errNoChannel
	}
	return l, err
}

// newChannel is what its creator asks for; without a slug one is made from the title.
type newChannel struct {
	Slug, Title, Visibility string
	CourseID                *string
}

// create opens a channel: 409 slug-taken, 422 for a course that can't be used, 403 for another's course.
func (s *Service) create(ctx context.Context, n newChannel) (*channel, error) {
	title, err := titleOf(n.Title)
	if err != nil {
		return nil, err
	}
	if err := s.checkCourse(ctx, n.Visibility, n.CourseID); err != nil {
		return nil, err
	}
	now, by := s.clock.Now(), identity.CallerFrom(ctx).UserID
	c := &channel{ID: ids.New(), Slug: n.Slug, Title: title, Visibility: n.Visibility, CourseID: n.CourseID, CreatedBy: &by,
		Version: 1, CreatedAt: now, UpdatedAt: now}
	err = s.db.InTx(ctx, func(ctx context.Context) error {
		if err := s.insert(ctx, c, n.Slug == ""); err != nil {
			return err
		}
		return s.record(ctx, "channel.created", c.ID, map[string]any{"visibility": c.Visibility})
	})
	return c, err
}

// maxTries bounds the numbers that a made slug may get.
const maxTries = 1000

func (s *Service) insert(ctx context.Context, c *channel, made bool) error {
	base := c.Slug
	if made {
		base = slugOf(c.Title)
		c.Slug = base
	}
	for n := 2; ; n++ {
		ok, err := s.store.insertChannel(ctx, c)
		if err != nil || ok {
			return err
		}
		if !made || n > maxTries {
			return errSlugTaken
		}
		c.Slug = base + "-" + strconv.Itoa(n)
	}
}

// pairCourse returns 422 unless a course channel names a course, and no other channel does.
func pairCourse(visibility string, courseID *string) error {
	switch {
	case slices.Contains([]string{public, member, private}, visibility) && courseID != nil:
		return apperr.Invalid("course_id", "only a course channel has a course")
	case visibility == course && courseID == nil:
		return apperr.Invalid("course_id", "a course channel needs a course")
	}
	return nil
}

// checkCourse holds visibility and course together, and the course to its owner.
func (s *Service) checkCourse(ctx context.Context, visibility string, courseID *string) error {
	if visibility == course && s.access.courses == nil {
		return apperr.Invalid("visibility", "there are no courses on this server")
	}
	if err := pairCourse(visibility, courseID); err != nil {
		return err
	}
	switch {
	case visibility != course:
		return nil
	case !ids.IsValid(*courseID):
		return apperr.Invalid("course_id", "there is no such course")
	}
	caller := identity.CallerFrom(ctx)
	found, ok, err := s.access.courses.Find(ctx, *courseID)
	if err != nil {
		return err
	}
	if ok && (found.OwnerID == caller.UserID || caller.HasRole(usersapi.RoleAdmin)) {
		return nil
	}
	if ok {
		ok, err = s.access.courses.CanRead(ctx, caller, *courseID)
	}
	if err != nil {
		return err
	}
	if !ok {
		return apperr.Invalid("course_id", "there is no such course")
	}
	return errNotOwner
}

func (s *Service) record(ctx context.Context, action, id string, data map[string]any) error {
	return s.recordOf(ctx, action, "channel", id, data)
}

func (s *Service) recordOf(ctx context.Context, action, target, id string, data map[string]any) error {
	return s.events.Publish(ctx, auditapi.Entry{Action: action, TargetType: target, TargetID: id, Data: data})
}
