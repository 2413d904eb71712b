package learning

import (
	"context"

	"lyceum/modules/courses/coursesapi"
)

// PublishCompletions marks every learner who has completed all lessons that the course has now, and
// publishes course.completed for those who were not marked before: once per learner and course. The
// transaction of ctx holds the course.
func (s *Service) PublishCompletions(ctx context.Context, courseID string) error {
	return s.publishCompletions(ctx, courseID, "")
}

// publishCompletions is PublishCompletions for one learner, or for all if userID is empty.
func (s *Service) publishCompletions(ctx context.Context, courseID, userID string) error {
	userIDs, err := s.store.markCompleted(ctx, courseID, userID, s.clock.Now())
	if err != nil {
		return err
	}
	for _, id := range userIDs {
		err := s.events.Publish(ctx, coursesapi.CourseCompleted{CourseID: courseID, UserID: id})
		if err != nil {
			return err
		}
	}
	return nil
}

// DeleteLessonProgress deletes the progress of all learners in a lesson that is about to be
// deleted, and subtracts it from their sums. The transaction of ctx holds the course.
func (s *Service) DeleteLessonProgress(ctx context.Context, courseID, lessonID string) error {
	return s.store.deleteLessonProgress(ctx, courseID, lessonID)
}
