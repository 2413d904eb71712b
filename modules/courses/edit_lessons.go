package courses

import (
	"context"
	"slices"

	"lyceum/modules/audit/auditapi"
	"lyceum/modules/courses/coursesapi"
	"lyceum/platform/clock"
	"lyceum/platform/db"
	"lyceum/platform/ids"
	"lyceum/platform/markdown"
)

// LessonDraft is what a lesson is made of.
type LessonDraft struct {
	Title, Content, AssetKey string
	DurationSeconds          int
	Captions                 []caption
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
	Captions           *[]caption
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
		l = &lesson{ID: ids.New(), CourseID: c.ID, Position: c.LessonCount + 1, HTMLVersion: markdown.Version, Captions: noCaptions, Version: 1, CreatedAt: now, UpdatedAt: now}
		p := lessonPatch{Title: &d.Title, Prose: &text, DurationSeconds: &d.DurationSeconds, Captions: &d.Captions,
			From: true, AvailableFrom: d.AvailableFrom, After: true, AvailableAfterDays: d.AvailableAfterDays}
		if len(d.PrerequisiteIDs) > 0 {
			p.Prerequisites = &d.PrerequisiteIDs
		}
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
		title, err := cleanLine("title", *p.Title, maxTitle)
		if err != nil {
			return nil, err
		}
		if title != l.Title {
			l.Title = title
			changed = append(changed, "title")
		}
	}
	if p.Prose != nil && p.Prose.content != l.Content {
		l.Content, l.ContentHTML, l.HTMLVersion = p.Prose.content, p.Prose.html, markdown.Version
		changed = append(changed, "content")
	}
	if p.Asset && !equal(p.AssetKey, l.AssetKey) {
		if err := s.usable(ctx, "asset_key", p.AssetKey); err != nil {
			return nil, err
		}
		l.AssetKey = p.AssetKey
		changed = append(changed, "asset_key")
	}
	if p.DurationSeconds != nil && *p.DurationSeconds != l.DurationSeconds {
		l.DurationSeconds = *p.DurationSeconds
		changed = append(changed, "duration_seconds")
	}
	if p.Captions != nil {
		isNew, err := s.applyCaptions(ctx, l, *p.Captions)
		if err != nil {
			return nil, err
		}
		if isNew {
			changed = append(changed, "captions")
		}
	}
	later, err := s.applyLocks(ctx, l, p)
	return append(changed, later...), err
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
	all, err := s.store.needed(ctx, c.ID, "", l.ID)
	for _, n := range all {
		l.Prerequisites = append(l.Prerequisites, n.PrerequisiteID)
	}
	return c, l, err
}

func (s *Service) lessonIn(ctx context.Context, courseID, lessonID string) (*lesson, error) {
	if !ids.IsValid(lessonID) {
		return nil, errNoLesson
	}
	l, err := s.store.lesson(ctx, courseID, lessonID)
	if db.IsNotFound(err) {
		return nil, errNoLesson
	}
	return l, err
}

// updateLesson changes a lesson of a course that the caller manages, and its content unless that is nil. It returns 422 for a
// content that is too long or takes too long to render. A change that leaves everything as it is makes no new version.
func (s *Service) updateLesson(ctx context.Context, courseID, lessonID string, content *string, p lessonPatch) (l *lesson, err error) {
	if content != nil {
		text, err := render(ctx, *content)
		if err != nil {
			return nil, err
		}
		p.Prose = &text
	}
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
		if slices.Contains(changed, "captions") {
			if err := s.store.saveCaptionKeys(ctx, l); err != nil {
				return err
			}
		}
		if slices.Contains(changed, "prerequisite_ids") {
			if err := s.store.savePrerequisites(ctx, l); err != nil {
				return err
			}
		}
		return s.recordLesson(ctx, "lesson.updated", l, changed)
	})
	if err != nil {
		return nil, err
	}
	s.renderAnew(ctx, l)
	return l, nil
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
