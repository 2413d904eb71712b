package courses

import (
	"context"

	"lyceum/modules/audit/auditapi"
	"lyceum/modules/courses/coursesapi"
	"lyceum/platform/auth"
)

// enroll adds an enrollment in the caller's transaction and says whether it is new.
func (s *Service) enroll(ctx context.Context, courseID, userID string) (bool, error) {
	created, err := s.store.enroll(ctx, userID, courseID, s.clock.Now())
	if err != nil || !created {
		return false, err
	}
	return true, s.tellEnrollment(ctx, "enrollment.created", courseID, userID, true)
}

func (s *Service) tellEnrollment(ctx context.Context, action, courseID, userID string, enrolled bool) error {
	err := s.events.Publish(ctx, auditapi.Entry{Action: action, TargetType: "enrollment", TargetID: courseID, Data: map[string]any{"course_id": courseID, "user_id": userID}})
	if err != nil {
		return err
	}
	return s.events.Publish(ctx, coursesapi.EnrollmentChanged{CourseID: courseID, UserID: userID, Enrolled: enrolled})
}

// selfEnroll enrolls the caller in a course that he may read, and gives the course as it is then.
func (s *Service) selfEnroll(ctx context.Context, courseID string) (v *sight, created bool, err error) {
	err = s.db.InTx(ctx, func(ctx context.Context) error {
		if v, err = s.findID(ctx, courseID); err != nil || v.EnrolledAt != nil {
			return err
		}
		if v.Status == archived {
			return errArchived
		}
		if created, err = s.enroll(ctx, v.ID, auth.CallerFrom(ctx).UserID); err != nil {
			return err
		}
		v, err = s.findID(ctx, courseID)
		return err
	})
	return v, created, err
}

// selfUnenroll ends the caller's enrollment and keeps his progress; without one nothing happens.
func (s *Service) selfUnenroll(ctx context.Context, courseID string) error {
	return s.db.InTx(ctx, func(ctx context.Context) error {
		v, err := s.findID(ctx, courseID)
		if err != nil {
			return err
		}
		user := auth.CallerFrom(ctx).UserID
		if ended, err := s.store.unenroll(ctx, user, v.ID); err != nil || !ended {
			return err
		}
		return s.tellEnrollment(ctx, "enrollment.deleted", v.ID, user, false)
	})
}
