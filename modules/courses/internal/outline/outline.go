package outline

import (
	"context"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"

	"lyceum/modules/courses/internal/course"
	"lyceum/platform/broadcast"
	"lyceum/platform/cache"
	"lyceum/platform/db"
)

// Topic is the topic of the signals that tell of changes. The key is the id of the course.
const Topic = "courses"

const (
	// maxBytes bounds the memory of all outlines together: some ten thousand courses.
	maxBytes = 48 << 20
	// maxAge bounds the age of outlines. A load takes a few milliseconds.
	maxAge = 5 * time.Second
	// maxSlugs is how many slugs are known with the id of their course.
	maxSlugs = 10_000
)

// Outline is a course that is not in the trash, and its lessons. Callers share it and must not change it.
type Outline struct {
	Course course.Course
	// Lessons are in the course's order, with Prerequisites and without their contents.
	Lessons []course.Lesson
	// HasLocks says that some lesson waits for another one, for a day, or for days after the
	// enrollment.
	HasLocks bool
}

// size returns about how many bytes the outline takes in memory.
func (o *Outline) size() int {
	size := o.Course.Size()
	for i := range o.Lessons {
		size += o.Lessons[i].Size()
	}
	return size
}

// FindLesson returns a lesson by its id; nil if the course had none when the outline was read.
func (o *Outline) FindLesson(id string) *course.Lesson {
	for i := range o.Lessons {
		if o.Lessons[i].ID == id {
			return &o.Lessons[i]
		}
	}
	return nil
}

// Cache finds outlines. It is safe for concurrent use.
type Cache struct {
	store    *store
	signals  *broadcast.Bus
	outlines *cache.Invalidated[*Outline]
	// slugs has the ids of courses by their slugs. An entry is a guess: FindBySlug compares the slug of
	// the course.
	slugs *lru.Cache[string, string]
}

// NewCache returns a cache that drops outlines as the signals tell.
func NewCache(d *db.DB, signals *broadcast.Bus) *Cache {
	slugs, err := lru.New[string, string](maxSlugs)
	if err != nil {
		panic(err) // only for a size below one
	}
	s := &store{d}
	outlines := cache.NewInvalidated(signals, Topic, s.loadOutline).
		LimitCost(maxBytes, func(_ string, o *Outline) int { return o.size() }).LimitAge(maxAge)
	return &Cache{store: s, signals: signals, outlines: outlines, slugs: slugs}
}

// Find returns the outline of a course by its id. It returns db.ErrNotFound if there is no such course
// outside of the trash. In a transaction it reads the database.
func (c *Cache) Find(ctx context.Context, id string) (o *Outline, err error) {
	find := c.outlines.Get
	if db.HasOpenTx(ctx) {
		find = c.store.loadOutline
	}
	o, isFound, err := find(ctx, id)
	if err == nil && !isFound {
		err = db.ErrNotFound
	}
	return o, err
}

// LoadLessons returns the outline of a course that was just read, with its lessons from the database.
func (c *Cache) LoadLessons(ctx context.Context, read *course.Course) (*Outline, error) {
	o := &Outline{Course: *read}
	return o, c.store.fillLessons(ctx, o)
}

// FindBySlug is Find for a slug.
func (c *Cache) FindBySlug(ctx context.Context, slug string) (*Outline, error) {
	if id, isKnown := c.slugs.Get(slug); isKnown && !db.HasOpenTx(ctx) {
		o, err := c.Find(ctx, id)
		if err == nil && o.Course.Slug == slug {
			return o, nil
		}
		if err != nil && !db.IsNotFound(err) {
			return nil, err
		}
	}
	id, err := c.store.findIDBySlug(ctx, slug)
	if err != nil {
		return nil, err
	}
	c.slugs.Add(slug, id)
	return c.Find(ctx, id)
}

// signaledKey finds the courses of a transaction whose signals were sent.
type signaledKey struct{}

// DropAfterCommit makes every replica drop the outline of a course, and lists that may show it, once the
// transaction of ctx is committed. Several calls in one transaction send one signal.
func (c *Cache) DropAfterCommit(ctx context.Context, courseID string) {
	if !db.HasOpenTx(ctx) {
		c.signals.SendSignal(Topic, courseID)
		return
	}
	signaled, _ := db.TxValue(ctx, signaledKey{}, func() map[string]bool { return map[string]bool{} })
	db.AfterCommitAttempt(ctx, func() {
		if !signaled[courseID] {
			signaled[courseID] = true
			c.signals.SendSignal(Topic, courseID)
		}
	})
}
