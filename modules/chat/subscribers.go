package chat

import (
	"context"

	"lyceum/modules/courses/coursesapi"
	"lyceum/modules/users/usersapi"
	"lyceum/platform/events"
	"lyceum/platform/identity"
)

// newSubscribers returns the subscriptions of the module. All run in the transaction of the event:
// an account whose rights grow gets its read markers with them, so what was written before does not
// count as unread.
func newSubscribers(s *Service) []events.Subscription {
	return []events.Subscription{
		events.SubscribeInTx("chat", s.onRegistered),
		events.SubscribeInTx("chat", s.onRoleGranted),
		events.SubscribeInTx("chat", s.onEnrollmentChanged),
		events.SubscribeInTx("chat", s.onCourseDeleted),
	}
}

// onRegistered starts the read markers of a new account in the channels that its role may read.
func (s *Service) onRegistered(ctx context.Context, e usersapi.Registered) error {
	return s.store.startReadMarkersOfRole(ctx, e.UserID, visibilitiesOf(identity.Role(e.Role)))
}

// onRoleGranted starts the read markers in the channels that the new role may read, too.
func (s *Service) onRoleGranted(ctx context.Context, e usersapi.RoleGranted) error {
	return s.store.startReadMarkersOfRole(ctx, e.UserID, visibilitiesOf(identity.Role(e.Role)))
}

// onEnrollmentChanged makes all replicas forget what access they have cached for the learners: one
// by its key, several by forgetting all. Then it starts the read markers of new learners.
func (s *Service) onEnrollmentChanged(ctx context.Context, e coursesapi.EnrollmentChanged) error {
	key := ""
	if len(e.UserIDs) == 1 {
		key = courseKey(e.CourseID, e.UserIDs[0])
	}
	s.signalAccessChanged(ctx, key)
	if !e.Enrolled {
		return nil
	}
	return s.store.startReadMarkersOfCourse(ctx, e.UserIDs, e.CourseID)
}

// onCourseDeleted makes all replicas forget all cached access, as chat does not know who was
// enrolled. From now on only administrators read the channels of the course.
func (s *Service) onCourseDeleted(ctx context.Context, _ coursesapi.CourseDeleted) error {
	s.signalAccessChanged(ctx, "")
	return nil
}
