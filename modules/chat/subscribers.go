package chat

import (
	"context"

	"lyceum/modules/courses/coursesapi"
	"lyceum/modules/users/usersapi"
	"lyceum/platform/events"
	"lyceum/platform/identity"
)

func newSubscribers(s *Service) []events.Subscription {
	return []events.Subscription{
		events.SubscribeInTx("chat", s.onRegistered),
		events.SubscribeInTx("chat", s.onRoleGranted),
		events.SubscribeInTx("chat", s.onEnrollmentChanged),
		events.SubscribeInTx("chat", s.onCourseDeleted),
	}
}

// What was said before an account could read it does not count as unread: its mark starts behind it.

func (s *Service) onRegistered(ctx context.Context, e usersapi.Registered) error {
	return s.store.startMarksOfRole(ctx, e.UserID, openTo(identity.Role(e.Role)))
}

func (s *Service) onRoleGranted(ctx context.Context, e usersapi.RoleGranted) error {
	return s.store.startMarksOfRole(ctx, e.UserID, openTo(identity.Role(e.Role)))
}

func (s *Service) onEnrollmentChanged(ctx context.Context, e coursesapi.EnrollmentChanged) error {
	key := "" // many at once: everything is looked at again
	if len(e.UserIDs) == 1 {
		key = courseKey(e.CourseID, e.UserIDs[0])
	}
	s.regrant(ctx, key)
	if !e.Enrolled {
		return nil
	}
	return s.store.startMarksOfCourse(ctx, e.UserIDs, e.CourseID)
}

// onCourseDeleted looks at everything again: whose rights came from the course is the course's
// knowledge, and nobody but administrators reads its channels from now on.
func (s *Service) onCourseDeleted(ctx context.Context, _ coursesapi.CourseDeleted) error {
	s.regrant(ctx, "")
	return nil
}
