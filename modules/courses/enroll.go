package courses

import (
	"context"

	"lyceum/modules/audit/auditapi"
	"lyceum/modules/courses/coursesapi"
	"lyceum/platform/identity"
	"lyceum/platform/ids"
)

// listEnrollments returns one page of the courses that the caller is enrolled in and may read, the newest enrollment
// first.
func (s *Service) listEnrollments(ctx context.Context, after *position, limit int) ([]enrollment, error) {
	return s.store.enrollments(ctx, identity.CallerFrom(ctx), after, limit)
}

// enroll adds enrollments in the caller's transaction and gives the accounts for whom that is new.
func (s *Service) enroll(ctx context.Context, courseID string, userIDs ...string) (created []string, err error) {
	created, err = s.store.enroll(ctx, userIDs, courseID, s.clock.Now())
	if err != nil || len(created) == 0 {
		return nil, err
	}
	return created, s.tellEnrollment(ctx, "enrollment.created", courseID, created, true)
}

// tellEnrollment writes an entry for each account and tells of all of them at once.
func (s *Service) tellEnrollment(ctx context.Context, action, courseID string, userIDs []string, enrolled bool) error {
	for _, id := range userIDs {
		err := s.events.Publish(ctx, auditapi.Entry{Action: action, TargetType: "enrollment", TargetID: courseID, Data: map[string]any{"course_id": courseID, "user_id": id}})
		if err != nil {
			return err
		}
	}
	return s.events.Publish(ctx, coursesapi.EnrollmentChanged{CourseID: courseID, UserIDs: userIDs, Enrolled: enrolled})
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
		news, err := s.enroll(ctx, v.ID, identity.CallerFrom(ctx).UserID)
		if err != nil {
			return err
		}
		created = len(news) > 0
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
		user := identity.CallerFrom(ctx).UserID
		if ended, err := s.store.unenroll(ctx, user, v.ID); err != nil || !ended {
			return err
		}
		return s.tellEnrollment(ctx, "enrollment.deleted", v.ID, []string{user}, false)
	})
}

// takeOut ends a learner's enrollment in a course that the caller manages, and keeps the learner's progress. Reports of
// progress don't enroll the learner again; enrolling themselves where they may read the course, a batch and an invite
// do. An account that is not enrolled, or doesn't exist, changes nothing.
func (s *Service) takeOut(ctx context.Context, courseID, userID string) error {
	return s.db.InTx(ctx, func(ctx context.Context) error {
		// The lock keeps out reports that would enroll the learner meanwhile.
		c, err := s.manage(ctx, courseID)
		if err != nil || !ids.IsValid(userID) {
			return err
		}
		if ended, err := s.store.unenroll(ctx, userID, c.ID); err != nil || !ended {
			return err
		}
		if err := s.store.markTakenOut(ctx, userID, c.ID); err != nil {
			return err
		}
		return s.tellEnrollment(ctx, "enrollment.deleted", c.ID, []string{userID}, false)
	})
}
