package courses

import (
	"context"
	"slices"
	"strconv"

	"go.uber.org/fx"

	"lyceum/modules/audit/auditapi"
	"lyceum/modules/courses/coursesapi"
	"lyceum/modules/courses/internal/access"
	"lyceum/modules/courses/internal/catalog"
	"lyceum/modules/courses/internal/course"
	"lyceum/modules/courses/internal/learning"
	"lyceum/modules/courses/internal/outline"
	"lyceum/modules/storage/storageapi"
	"lyceum/platform/clock"
	"lyceum/platform/db"
	"lyceum/platform/events"
	"lyceum/platform/identity"
	"lyceum/platform/ids"
)

// Service creates, changes and deletes courses and lessons.
type Service struct {
	db       *db.DB
	store    *store
	access   *access.Service
	catalog  *catalog.Service
	progress progressKeeper
	// keyChecker and fileReader are nil without storage; no file can be used then.
	keyChecker storageapi.KeyChecker
	fileReader storageapi.FileReader
	events     *events.Bus
	clock      clock.Clock
}

// progressKeeper keeps the progress of learners right when lessons are deleted.
type progressKeeper interface {
	// DeleteLessonProgress deletes the progress of all learners in a lesson that is about to be
	// deleted.
	DeleteLessonProgress(ctx context.Context, courseID, lessonID string) error
	// PublishCompletions marks and publishes who has completed all lessons that are left.
	PublishCompletions(ctx context.Context, courseID string) error
}

// Params are what NewService needs. KeyChecker and FileReader may be nil.
type Params struct {
	fx.In
	DB         *db.DB
	Outlines   *outline.Cache
	Access     *access.Service
	Catalog    *catalog.Service
	Learning   *learning.Service
	KeyChecker storageapi.KeyChecker `optional:"true"`
	FileReader storageapi.FileReader `optional:"true"`
	Events     *events.Bus
	Clock      clock.Clock
}

// NewService returns the service.
func NewService(p Params) *Service {
	return &Service{
		db: p.DB, store: &store{p.DB, p.Outlines}, access: p.Access, catalog: p.Catalog, progress: p.Learning,
		keyChecker: p.KeyChecker, fileReader: p.FileReader, events: p.Events, clock: p.Clock,
	}
}

// CourseContent is the content of a new course. An empty Slug is made from the title; empty Visibility and
// Status are public and draft.
type CourseContent struct {
	Title, Slug, Summary, Description, Visibility, Status, CoverKey string
	Tags                                                            []string
}

// Create creates a course of the caller. It returns ErrSlugTaken for a slug of another course, an
// error of kind Invalid for a text that breaks a rule, and asset-unusable for a cover that the
// caller may not use. The course and the audit entry commit together.
func (s *Service) Create(ctx context.Context, d CourseContent) (coursesapi.Course, error) {
	c, err := s.createCourse(ctx, d)
	if err != nil {
		return coursesapi.Course{}, err
	}
	return c.Brief(), nil
}

// createCourse is Create with the whole course.
func (s *Service) createCourse(ctx context.Context, d CourseContent) (*course.Course, error) {
	now := s.clock.Now()
	c := &course.Course{
		ID: ids.New(), OwnerID: identity.CallerFrom(ctx).UserID,
		Visibility: valueOr(d.Visibility, course.Public), Status: valueOr(d.Status, course.Draft),
		Version: 1, CreatedAt: now, UpdatedAt: now,
	}
	changes := course.Changes{Title: &d.Title, Summary: &d.Summary, Description: &d.Description, Tags: &d.Tags}
	insert := s.InsertCourseWithFreeSlug
	if d.Slug != "" {
		changes.Slug, insert = &d.Slug, s.insertCourse
	}
	if d.CoverKey != "" {
		changes.HasCover, changes.CoverKey = true, &d.CoverKey
	}
	err := s.db.InTx(ctx, func(ctx context.Context) error {
		if _, err := s.applyChanges(ctx, c, changes); err != nil {
			return err
		}
		isFirst := c.MarkPublished(now)
		err := insert(ctx, c, map[string]any{"status": c.Status, "visibility": c.Visibility})
		if err != nil || !isFirst {
			return err
		}
		return s.publishFirstPublication(ctx, c)
	})
	if db.IsDuplicate(err) {
		if d.Slug == "" {
			return s.createCourse(ctx, d) // another course has taken the slug in the meantime
		}
		return nil, course.ErrSlugTaken
	}
	return c, err
}

// valueOr returns the value, or the fallback if it is empty.
func valueOr(value, fallback string) string {
	if value == "" {
		return fallback
	}
	return value
}

// InsertCourseWithFreeSlug adds a course with a free slug made from its title, and the audit entry
// with data, in the transaction of ctx. It returns a duplicate key if another transaction takes the
// slug first.
func (s *Service) InsertCourseWithFreeSlug(ctx context.Context, c *course.Course, data map[string]any) error {
	if err := s.setFreeSlug(ctx, c, course.MakeSlug(c.Title)); err != nil {
		return err
	}
	return s.insertCourse(ctx, c, data)
}

// insertCourse adds a course that has its slug, and the audit entry with data.
func (s *Service) insertCourse(ctx context.Context, c *course.Course, data map[string]any) error {
	if err := s.store.insertCourse(ctx, c); err != nil {
		return err
	}
	return s.recordCourse(ctx, "course.created", c.ID, data)
}

// setFreeSlug gives the course the wanted slug, with a number behind it if another course has the
// slug.
func (s *Service) setFreeSlug(ctx context.Context, c *course.Course, wanted string) error {
	base := course.SlugBase(wanted)
	taken, err := s.store.listSlugs(ctx, wanted, base)
	if err != nil {
		return err
	}
	c.Slug = wanted
	for n := 2; slices.Contains(taken, c.Slug); n++ {
		c.Slug = base + "-" + strconv.Itoa(n)
	}
	return nil
}

// publishFirstPublication publishes that a course was published for the first time.
func (s *Service) publishFirstPublication(ctx context.Context, c *course.Course) error {
	return s.events.Publish(ctx, coursesapi.CoursePublished{CourseID: c.ID})
}

// recordCourse writes an audit entry about a course.
func (s *Service) recordCourse(ctx context.Context, action, courseID string, data map[string]any) error {
	entry := auditapi.Entry{Action: action, TargetType: "course", TargetID: courseID, Data: data}
	return s.events.Publish(ctx, entry)
}

// recordLesson writes an audit entry about a lesson, with the fields that have changed.
func (s *Service) recordLesson(ctx context.Context, action string, l *course.Lesson, fields []string) error {
	data := map[string]any{"course_id": l.CourseID}
	if len(fields) > 0 {
		data["fields"] = fields
	}
	return s.events.Publish(ctx, auditapi.Entry{Action: action, TargetType: "lesson", TargetID: l.ID, Data: data})
}
