package courses

import (
	"context"
	"slices"

	"lyceum/modules/courses/internal/course"
	"lyceum/platform/db"
)

// updateCourse changes a course that the caller manages. It returns the errors of
// access.Service.HoldManagedCourse, ErrSlugTaken, errors of kind Invalid, asset-unusable for a
// cover that the caller may not use, and precondition-failed for another version than the
// request's. An edit that changes nothing writes nothing: no version and no audit entry.
func (s *Service) updateCourse(ctx context.Context, courseID string, ch course.Changes) error {
	err := s.db.InTx(ctx, func(ctx context.Context) error {
		c, err := s.access.HoldManagedCourse(ctx, courseID)
		if err != nil {
			return err
		}
		if err := db.CheckVersion(ctx, c.Version); err != nil {
			return err
		}
		changed, err := s.applyChanges(ctx, c, ch)
		if err != nil || len(changed) == 0 {
			return err
		}
		return s.saveChanges(ctx, c, changed)
	})
	if db.IsDuplicate(err) {
		return course.ErrSlugTaken
	}
	return err
}

// applyChanges applies an edit to the course and checks a new cover. It returns the names of the
// fields that have a new value.
func (s *Service) applyChanges(ctx context.Context, c *course.Course, ch course.Changes) ([]string, error) {
	changed, err := ch.Apply(c)
	if err == nil && slices.Contains(changed, "cover_key") {
		err = s.CheckKey(ctx, "cover_key", c.CoverKey)
	}
	return changed, err
}

// saveChanges stores a course with the fields that have changed, and publishes what has happened.
func (s *Service) saveChanges(ctx context.Context, c *course.Course, changed []string) error {
	c.UpdatedAt = s.clock.Now()
	isFirst := c.MarkPublished(c.UpdatedAt)
	if err := s.store.saveCourse(ctx, c); err != nil {
		return err
	}
	if isFirst {
		if err := s.publishFirstPublication(ctx, c); err != nil {
			return err
		}
	}
	if slices.Contains(changed, "tags") {
		if err := s.store.saveTags(ctx, c); err != nil {
			return err
		}
	}
	return s.recordChanges(ctx, c, changed)
}

// recordChanges writes one audit entry for the fields and one for the status.
func (s *Service) recordChanges(ctx context.Context, c *course.Course, changed []string) error {
	isStatus := func(field string) bool { return field == "status" }
	fields := slices.DeleteFunc(slices.Clone(changed), isStatus)
	if len(fields) > 0 {
		if err := s.recordCourse(ctx, "course.updated", c.ID, map[string]any{"fields": fields}); err != nil {
			return err
		}
	}
	if len(fields) == len(changed) {
		return nil
	}
	action := map[string]string{
		course.Published: "course.published", course.Archived: "course.archived", course.Draft: "course.updated",
	}[c.Status]
	return s.recordCourse(ctx, action, c.ID, map[string]any{"status": c.Status})
}
