package learning

import (
	"context"

	"lyceum/modules/audit/auditapi"
	"lyceum/modules/courses/coursesapi"
	"lyceum/modules/courses/internal/access"
	"lyceum/modules/courses/internal/course"
	"lyceum/platform/clock"
	"lyceum/platform/identity"
	"lyceum/platform/ids"
)

// enrollment is a course of a list, with the learner's progress and the time of the first
// enrollment.
type enrollment struct {
	Course     course.Course   `gorm:"embedded"`
	Progress   course.Progress `gorm:"embedded"`
	EnrolledAt clock.Time
}

// listEnrollments returns one page of the courses that the caller is enrolled in and may read, the
// newest enrollment first.
func (s *Service) listEnrollments(
	ctx context.Context, after *course.PagePosition, limit int,
) ([]enrollment, error) {
	return s.store.listEnrollments(ctx, identity.CallerFrom(ctx), after, limit)
}

// Enroll enrolls accounts in a course, in the transaction of ctx, and returns those that were not
// enrolled before. The calling function has checked that the course takes learners.
func (s *Service) Enroll(ctx context.Context, courseID string, userIDs ...string) (enrolled []string, err error) {
	enrolled, err = s.store.enroll(ctx, userIDs, courseID, s.clock.Now())
	if err != nil || len(enrolled) == 0 {
		return nil, err
	}
	return enrolled, s.publishEnrollment(ctx, "enrollment.created", courseID, enrolled)
}

// enrollCaller enrolls the caller in a course that they may read, and returns the course as it is
// then. It returns ErrCourseArchived for a course that takes no new learners. A caller who is
// enrolled stays so.
func (s *Service) enrollCaller(
	ctx context.Context, courseID string,
) (c *access.CallerCourse, isNew bool, err error) {
	err = s.db.InTx(ctx, func(ctx context.Context) error {
		if c, err = s.access.FindCourseByID(ctx, courseID); err != nil || c.EnrolledAt != nil {
			return err
		}
		if c.Status == course.Archived {
			return course.ErrCourseArchived
		}
		enrolled, err := s.Enroll(ctx, c.ID, identity.CallerFrom(ctx).UserID)
		if err != nil {
			return err
		}
		isNew = len(enrolled) > 0
		c, err = s.access.FindCourseByID(ctx, courseID)
		return err
	})
	return c, isNew, err
}

// unenrollCaller ends the caller's enrollment and keeps their progress. The next report that
// changes something enrolls them again, other than after removeLearner. It does nothing for a
// caller who is not enrolled.
func (s *Service) unenrollCaller(ctx context.Context, courseID string) error {
	return s.db.InTx(ctx, func(ctx context.Context) error {
		c, err := s.access.FindCourseByID(ctx, courseID)
		if err != nil {
			return err
		}
		userID := identity.CallerFrom(ctx).UserID
		if hasEnded, err := s.store.unenroll(ctx, userID, c.ID); err != nil || !hasEnded {
			return err
		}
		return s.publishEnrollment(ctx, "enrollment.deleted", c.ID, []string{userID})
	})
}

// removeLearner ends the enrollment of an account in a course that the caller manages, and keeps
// the learner's progress. Reports of progress don't enroll the learner again. They are a learner
// again if they enroll themselves where they may read the course, or by a batch or an invite. It
// does nothing for an account that is not enrolled or does not exist.
func (s *Service) removeLearner(ctx context.Context, courseID, userID string) error {
	return s.db.InTx(ctx, func(ctx context.Context) error {
		// Holding the course keeps out reports that would enroll the learner in the meantime.
		c, err := s.access.HoldManagedCourse(ctx, courseID)
		if err != nil || !ids.IsValid(userID) {
			return err
		}
		if hasEnded, err := s.store.unenroll(ctx, userID, c.ID); err != nil || !hasEnded {
			return err
		}
		if err := s.store.markRemoved(ctx, userID, c.ID); err != nil {
			return err
		}
		return s.publishEnrollment(ctx, "enrollment.deleted", c.ID, []string{userID})
	})
}

// enrollByReport enrolls an account that reports progress in a course in which it is not enrolled:
// at its first report, and also after it has left the course by itself. Managers are not enrolled,
// as they try their course without becoming learners, nor are learners who were removed.
func (s *Service) enrollByReport(ctx context.Context, c *access.CallerCourse, userID string) error {
	if c.EnrolledAt != nil || access.CanManage(c.Course, identity.CallerFrom(ctx)) {
		return nil
	}
	if wasRemoved, err := s.store.wasRemoved(ctx, userID, c.ID); err != nil || wasRemoved {
		return err
	}
	_, err := s.Enroll(ctx, c.ID, userID)
	return err
}

// publishEnrollment publishes an audit entry for each account and one event for all of them. action
// is enrollment.created or enrollment.deleted.
func (s *Service) publishEnrollment(ctx context.Context, action, courseID string, userIDs []string) error {
	for _, id := range userIDs {
		err := s.events.Publish(ctx, auditapi.Entry{
			Action: action, TargetType: "enrollment", TargetID: courseID,
			Data: map[string]any{"course_id": courseID, "user_id": id},
		})
		if err != nil {
			return err
		}
	}
	return s.events.Publish(ctx, coursesapi.EnrollmentChanged{
		CourseID: courseID, UserIDs: userIDs, Enrolled: action == "enrollment.created",
	})
}

// ListLearnerIDs returns the accounts that are enrolled in a course, the earliest first.
func (s *Service) ListLearnerIDs(ctx context.Context, courseID string) ([]string, error) {
	return s.store.listLearnerIDs(ctx, courseID)
}

// ListCourseIDs returns the courses, outside of the trash, that an account is enrolled in and also
// those that it owns.
func (s *Service) ListCourseIDs(ctx context.Context, userID string) ([]string, error) {
	return s.store.listCourseIDs(ctx, userID)
}
