package courses

import (
	"context"
	"slices"

	"lyceum/platform/apperr"
)

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
			return apperr.Invalid("lesson_ids", "must name each lesson of the course once, and no other")
		}
		if inOrder(before, order) {
			lessons = before
			return nil
		}
		for i, id := range order {
			if before[i].ID == id {
				continue
			}
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
