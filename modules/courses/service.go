package courses

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"go.uber.org/fx"

	"lyceum/modules/audit/auditapi"
	"lyceum/modules/courses/coursesapi"
	"lyceum/modules/storage/storageapi"
	"lyceum/modules/users/usersapi"
	"lyceum/platform/clock"
	"lyceum/platform/db"
	"lyceum/platform/events"
	"lyceum/platform/identity"
	"lyceum/platform/ids"
)

// Service is what the domain does with courses.
type Service struct {
	db       *db.DB
	store    *store
	accounts usersapi.Accounts
	assets   storageapi.Assets
	library  storageapi.Library
	events   *events.Bus
	clock    clock.Clock
}

type needs struct {
	fx.In
	DB       *db.DB
	Store    *store
	Accounts usersapi.Accounts
	Assets   storageapi.Assets  `optional:"true"`
	Library  storageapi.Library `optional:"true"`
	Events   *events.Bus
	Clock    clock.Clock
}

func newService(n needs) *Service {
	return &Service{n.DB, n.Store, n.Accounts, n.Assets, n.Library, n.Events, n.Clock}
}

// Draft is what a course is made of; empty Visibility and Status mean public and draft.
type Draft struct {
	Title, Slug, Summary, Description, Visibility, Status, CoverKey string
	Tags                                                            []string
}

// Create adds a course of the caller's: 409 slug-taken for a given slug, 422 for what breaks a rule.
func (s *Service) Create(ctx context.Context, d Draft) (coursesapi.Course, error) {
	c, err := s.create(ctx, d)
	if err != nil {
		return coursesapi.Course{}, err
	}
	return c.brief(), nil
}

func (s *Service) create(ctx context.Context, d Draft) (*course, error) {
	caller, now := identity.CallerFrom(ctx), s.clock.Now()
	c := &course{ID: ids.New(), Visibility: or(d.Visibility, public), Status: or(d.Status, draft), OwnerID: caller.UserID,
		Version: 1, CreatedAt: now, UpdatedAt: now}
	p := patch{Title: &d.Title, Summary: &d.Summary, Description: &d.Description, Tags: &d.Tags}
	if d.Slug != "" {
		p.Slug = &d.Slug
	}
	if d.CoverKey != "" {
		p.Cover, p.CoverKey = true, &d.CoverKey
	}
	err := s.db.InTx(ctx, func(ctx context.Context) error {
		if _, err := s.apply(ctx, c, p); err != nil {
			return err
		}
		first := c.publishAt(now)
		if err := s.insert(ctx, c, d.Slug == "", map[string]any{"status": c.Status, "visibility": c.Visibility}); err != nil {
			return err
		}
		return s.tellPublished(ctx, c, first)
	})
	if db.IsDuplicate(err) {
		if d.Slug == "" {
			return s.create(ctx, d) // another course took the number meanwhile
		}
		return nil, errSlug
	}
	return c, err
}

func or(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}

// insert writes a new course with its entry; its slug may be made from the title.
func (s *Service) insert(ctx context.Context, c *course, slugFromTitle bool, data map[string]any) error {
	if slugFromTitle {
		if err := s.freeSlug(ctx, c, slugOf(c.Title)); err != nil {
			return err
		}
	}
	if err := s.store.insertCourse(ctx, c); err != nil {
		return err
	}
	return s.record(ctx, "course.created", c.ID, data)
}

// freeSlug gives c the wanted slug, with a number when another course has it.
func (s *Service) freeSlug(ctx context.Context, c *course, wanted string) error {
	base := strings.Trim(wanted[:min(len(wanted), maxSlug-5)], "-")
	taken, err := s.store.slugsLike(ctx, wanted, base)
	if err != nil {
		return err
	}
	c.Slug = wanted
	for n := 2; slices.Contains(taken, c.Slug); n++ {
		c.Slug = base + "-" + strconv.Itoa(n)
	}
	return nil
}

// tellPublished tells of the first publishing, and only of it.
func (s *Service) tellPublished(ctx context.Context, c *course, first bool) error {
	if !first {
		return nil
	}
	return s.events.Publish(ctx, coursesapi.CoursePublished{CourseID: c.ID})
}

func (s *Service) record(ctx context.Context, action, id string, data map[string]any) error {
	return s.events.Publish(ctx, auditapi.Entry{Action: action, TargetType: "course", TargetID: id, Data: data})
}

// find gives a course that the caller may read, as he finds it, else what he is told instead.
func (s *Service) find(ctx context.Context, idOrSlug string) (*sight, error) {
	if ids.IsValid(idOrSlug) {
		return s.findID(ctx, idOrSlug)
	}
	return s.look(ctx, "slug", idOrSlug)
}

// details is a course with what its page shows: the owner, and the lessons without their texts as the caller finds them.
type details struct {
	*sight
	Owner   usersapi.Person
	Lessons []lesson
	Learner learner
}

// getDetails returns a course that the caller may read with its details. It returns what find returns for any other.
func (s *Service) getDetails(ctx context.Context, idOrSlug string) (d details, err error) {
	if d.sight, err = s.find(ctx, idOrSlug); err != nil {
		return d, err
	}
	people, err := usersapi.Persons(ctx, s.accounts, []string{d.OwnerID})
	if err != nil {
		return d, err
	}
	d.Owner = people[d.OwnerID]
	if d.Lessons, err = s.store.outline(ctx, d.ID); err != nil {
		return d, err
	}
	d.Learner, err = s.learnerAmong(ctx, d.sight, d.Lessons)
	return d, err
}

// findID is find where only an id names a course.
func (s *Service) findID(ctx context.Context, id string) (*sight, error) {
	if !ids.IsValid(id) {
		return nil, errNoCourse
	}
	return s.look(ctx, "id", id)
}

func (s *Service) look(ctx context.Context, column, value string) (*sight, error) {
	caller := identity.CallerFrom(ctx)
	v, err := s.store.sight(ctx, column, value, caller.UserID)
	if db.IsNotFound(err) {
		return nil, errNoCourse
	}
	if err == nil && !mayRead(v.course, caller, v.EnrolledAt != nil) {
		err = refusal(v.course, caller)
	}
	return v, err
}

// manage locks a course that the caller may change: 404 or the member answers where he may not see
// it, 403 where he may only see it. Until the caller's transaction ends nobody else changes the
// course or its lessons, and no progress in it is written.
func (s *Service) manage(ctx context.Context, id string) (*course, error) {
	return s.managed(ctx, id, s.store.lockCourse)
}

// oversee is manage without the lock, to read what only its managers may.
func (s *Service) oversee(ctx context.Context, id string) (*course, error) {
	return s.managed(ctx, id, func(ctx context.Context, id string) (*course, error) { return s.store.course(ctx, "id", id) })
}

func (s *Service) managed(ctx context.Context, id string, read func(context.Context, string) (*course, error)) (*course, error) {
	if !ids.IsValid(id) {
		return nil, errNoCourse
	}
	c, err := read(ctx, id)
	if db.IsNotFound(err) {
		return nil, errNoCourse
	}
	if err != nil {
		return nil, err
	}
	caller := identity.CallerFrom(ctx)
	if manages(c, caller) && caller.HasRole(usersapi.RoleInstructor) {
		return c, nil
	}
	enrolled, err := s.store.enrolled(ctx, caller.UserID, c.ID)
	if err == nil && !mayRead(c, caller, enrolled) {
		return nil, refusal(c, caller)
	}
	if err != nil {
		return nil, err
	}
	return nil, errNotYours
}
