package courses

import (
	"context"
	"slices"

	"lyceum/modules/audit/auditapi"
	"lyceum/modules/courses/coursesapi"
	"lyceum/platform/apperr"
	"lyceum/platform/auth"
	"lyceum/platform/clock"
	"lyceum/platform/db"
	"lyceum/platform/ids"
)

// LessonDraft is what a lesson is made of.
type LessonDraft struct {
	Title, Content, AssetKey string
	DurationSeconds          int
	// PrerequisiteIDs are lessons of the same course that come first.
	PrerequisiteIDs    []string
	AvailableFrom      *clock.Time
	AvailableAfterDays *int
}

// lessonPatch is what may change; Asset, From and After say that the field behind them was given, as nil clears it.
type lessonPatch struct {
	Title              *string
	Prose              *prose
	Asset              bool
	AssetKey           *string
	DurationSeconds    *int
	Prerequisites      *[]string
	From               bool
	AvailableFrom      *clock.Time
	After              bool
	AvailableAfterDays *int
}

// AddLesson puts a lesson at the end of a course and gives its id.
func (s *Service) AddLesson(ctx context.Context, courseID string, d LessonDraft) (id string, err error) {
	l, err := s.addLesson(ctx, courseID, d)
	if err != nil {
		return "", err
	}
	return l.ID, nil
}

func (s *Service) addLesson(ctx context.Context, courseID string, d LessonDraft) (l *lesson, err error) {
	text, err := render(ctx, d.Content)
	if err != nil {
		return nil, err
	}
	err = s.db.InTx(ctx, func(ctx context.Context) error {
		c, err := s.manage(ctx, courseID)
		if err != nil {
			return err
		}
		now := s.clock.Now()
		l = &lesson{ID: ids.New(), CourseID: c.ID, Position: c.LessonCount + 1, Version: 1, CreatedAt: now, UpdatedAt: now}
		p := lessonPatch{Title: &d.Title, Prose: &text, DurationSeconds: &d.DurationSeconds, Prerequisites: &d.PrerequisiteIDs,
			From: true, AvailableFrom: d.AvailableFrom, After: true, AvailableAfterDays: d.AvailableAfterDays}
		if d.AssetKey != "" {
			p.Asset, p.AssetKey = true, &d.AssetKey
		}
		if _, err := s.applyLesson(ctx, l, p); err != nil {
			return err
		}
		if c.LessonCount >= maxLessons {
			return errFull
		}
		if err := s.store.insertLesson(ctx, l); err != nil {
			return err
		}
		if err := s.recordLesson(ctx, "lesson.created", l, nil); err != nil || c.Status != published {
			return err
		}
		return s.events.Publish(ctx, coursesapi.LessonAdded{CourseID: c.ID, LessonID: l.ID})
	})
	return l, err
}

func (s *Service) applyLesson(ctx context.Context, l *lesson, p lessonPatch) (changed []string, err error) {
	if p.Title != nil {
		title, err := cleanLine("body.title", *p.Title, maxTitle)
		if err != nil {
			return nil, err
		}
		if title != l.Title {
			l.Title = title
			changed = append(changed, "title")
		}
	}
	if p.Prose != nil && p.Prose.content != l.Content {
		l.Content, l.ContentHTML = p.Prose.content, p.Prose.html
		changed = append(changed, "content")
	}
	if p.Asset && !equal(p.AssetKey, l.AssetKey) {
		if err := s.usable(ctx, "body.asset_key", p.AssetKey); err != nil {
			return nil, err
		}
		l.AssetKey = p.AssetKey
		changed = append(changed, "asset_key")
	}
	if p.DurationSeconds != nil && *p.DurationSeconds != l.DurationSeconds {
		l.DurationSeconds = *p.DurationSeconds
		changed = append(changed, "duration_seconds")
	}
	later, err := s.applyLocks(ctx, l, p)
	return append(changed, later...), err
}

// applyLocks changes what keeps learners out of the lesson.
func (s *Service) applyLocks(ctx context.Context, l *lesson, p lessonPatch) (changed []string, err error) {
	if p.From && !equal(p.AvailableFrom, l.AvailableFrom) {
		if p.AvailableFrom != nil && p.AvailableFrom.Millis() < 0 {
			return nil, apperr.Invalid("body.available_from", "must not lie before 1970")
		}
		l.AvailableFrom = p.AvailableFrom
		changed = append(changed, "available_from")
	}
	if p.After && !equal(p.AvailableAfterDays, l.AvailableAfterDays) {
		l.AvailableAfterDays = p.AvailableAfterDays
		changed = append(changed, "available_after_days")
	}
	if p.Prerequisites == nil {
		return changed, nil
	}
	before, err := s.prerequisites(ctx, l, *p.Prerequisites)
	if err == nil && !slices.Equal(before, l.Prerequisites) {
		l.Prerequisites = before
		changed = append(changed, "prerequisite_ids")
	}
	return changed, err
}

// prerequisites holds given ids to be other lessons of the course that do not wait for this one, and puts
// them into the course's order. It also learns what l had before.
func (s *Service) prerequisites(ctx context.Context, l *lesson, given []string) (before []string, err error) {
	all, err := s.store.needed(ctx, l.CourseID, "", "")
	if err != nil {
		return nil, err
	}
	waits := map[string][]string{}
	for _, n := range all {
		waits[n.LessonID] = append(waits[n.LessonID], n.PrerequisiteID)
	}
	l.Prerequisites = waits[l.ID]
	if len(given) == 0 {
		return nil, nil
	}
	lessons, err := s.store.outline(ctx, l.CourseID)
	if err != nil {
		return nil, err
	}
	for _, other := range lessons {
		if slices.Contains(given, other.ID) {
			before = append(before, other.ID)
		}
	}
	if slices.ContainsFunc(given, func(id string) bool { return !slices.Contains(before, id) }) {
		return nil, apperr.Invalid("body.prerequisite_ids", "must name lessons of the same course")
	}
	if circular(l.ID, before, waits) {
		return nil, apperr.Invalid("body.prerequisite_ids", "a lesson can't wait for itself, by whatever way round")
	}
	return before, nil
}

func (s *Service) recordLesson(ctx context.Context, action string, l *lesson, fields []string) error {
	data := map[string]any{"course_id": l.CourseID}
	if len(fields) > 0 {
		data["fields"] = fields
	}
	return s.events.Publish(ctx, auditapi.Entry{Action: action, TargetType: "lesson", TargetID: l.ID, Data: data})
}

// manageLesson locks the course and gives the lesson in it.
func (s *Service) manageLesson(ctx context.Context, courseID, lessonID string) (*course, *lesson, error) {
	c, err := s.manage(ctx, courseID)
	if err != nil {
		return nil, nil, err
	}
	l, err := s.lessonIn(ctx, c.ID, lessonID)
	if err != nil {
		return nil, nil, err
	}
	if err := db.CheckVersion(ctx, l.Version); err != nil {
		return nil, nil, err
	}
	all, err := s.store.needed(ctx, c.ID, l.ID, "")
	for _, n := range all {
		l.Prerequisites = append(l.Prerequisites, n.PrerequisiteID)
	}
	return c, l, err
}

// openLesson gives a lesson of a course that the caller may read: 404, or 403 lesson-locked.
func (s *Service) openLesson(ctx context.Context, courseID, lessonID string) (*sight, *lesson, error) {
	v, err := s.findID(ctx, courseID)
	if err != nil {
		return nil, nil, err
	}
	l, err := s.lessonIn(ctx, v.ID, lessonID)
	if err != nil {
		return nil, nil, err
	}
	p, err := s.learnerIn(ctx, v, l.ID, l)
	if err != nil {
		return nil, nil, err
	}
	if held := p.lockOf(l); held.Locked {
		return nil, nil, errLocked(held)
	}
	return v, l, nil
}

// learnerIn gives what the locks of lessons depend on for the caller, and the lessons their prerequisites.
// An empty lessonID means all of the course.
func (s *Service) learnerIn(ctx context.Context, v *sight, lessonID string, lessons ...*lesson) (p learner, err error) {
	var all []needed
	caller := auth.CallerFrom(ctx)
	if v.Gated {
		all, err = s.store.needed(ctx, v.ID, lessonID, caller.UserID)
	}
	return v.learnerOf(caller, s.clock.Now(), all, lessons...), err
}

func (s *Service) lessonIn(ctx context.Context, courseID, lessonID string) (*lesson, error) {
	if !ids.Valid(lessonID) {
		return nil, errNoLesson
	}
	l, err := s.store.lesson(ctx, courseID, lessonID)
	if db.IsNotFound(err) {
		return nil, errNoLesson
	}
	return l, err
}

func (s *Service) updateLesson(ctx context.Context, courseID, lessonID string, p lessonPatch) (l *lesson, err error) {
	err = s.db.InTx(ctx, func(ctx context.Context) error {
		if _, l, err = s.manageLesson(ctx, courseID, lessonID); err != nil {
			return err
		}
		changed, err := s.applyLesson(ctx, l, p)
		if err != nil || len(changed) == 0 {
			return err
		}
		l.UpdatedAt = s.clock.Now()
		if err := s.store.saveLesson(ctx, l); err != nil {
			return err
		}
		if slices.Contains(changed, "prerequisite_ids") {
			if err := s.store.savePrerequisites(ctx, l); err != nil {
				return err
			}
		}
		return s.recordLesson(ctx, "lesson.updated", l, changed)
	})
	return l, err
}

// removeLesson takes a lesson out for good. Whoever had all the others done has now completed the course.
func (s *Service) removeLesson(ctx context.Context, courseID, lessonID string) error {
	return s.db.InTx(ctx, func(ctx context.Context) error {
		c, l, err := s.manageLesson(ctx, courseID, lessonID)
		if err != nil {
			return err
		}
		if err := s.store.deleteLesson(ctx, l); err != nil {
			return err
		}
		if err := s.recordLesson(ctx, "lesson.deleted", l, nil); err != nil {
			return err
		}
		return s.tellCompleted(ctx, c.ID, "")
	})
}

// reorder puts the lessons into the given order, which names each of them once.
func (s *Service) reorder(ctx context.Context, courseID string, order []string) (lessons []lesson, err error) {
	err = s.db.InTx(ctx, func(ctx context.Context) error {
		c, err := s.manage(ctx, courseID)
		if err != nil {
			return err
		}
		before, err := s.store.outline(ctx, c.ID)
		if err != nil {
			return err
		}
		if !sameLessons(before, order) {
			return apperr.Invalid("body.lesson_ids", "must name each lesson of the course once, and no other")
		}
		if inOrder(before, order) {
			lessons = before
			return nil
		}
		for i, id := range order {
			if err := s.store.place(ctx, id, i+1); err != nil {
				return err
			}
		}
		if lessons, err = s.store.outline(ctx, c.ID); err != nil {
			return err
		}
		return s.record(ctx, "lesson.reordered", c.ID, map[string]any{"lessons": len(order)})
	})
	return lessons, err
}

func sameLessons(lessons []lesson, order []string) bool {
	want := slices.Clone(order)
	have := idsOf(lessons)
	slices.Sort(want)
	slices.Sort(have)
	return slices.Equal(want, have)
}

func inOrder(lessons []lesson, order []string) bool { return slices.Equal(idsOf(lessons), order) }

func idsOf(lessons []lesson) []string {
	out := make([]string, len(lessons))
	for i, l := range lessons {
		out[i] = l.ID
	}
	return out
}
