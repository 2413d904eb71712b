package notifications

import (
	"context"

	"lyceum/platform/db"
	"lyceum/platform/events"
)

// newRetiredSubscriptions returns handlers for rows that an earlier version left in the outbox. New
// events make no rows for them: course.published and lesson.added are handled in the transaction.
func newRetiredSubscriptions(s *Service) []events.Subscription {
	return []events.Subscription{
		events.SubscribeRetired(subscriber, s.onCoursePublished),
		events.SubscribeRetired(subscriber, s.onLessonAdded),
		events.SubscribeRetired(subscriber, s.onAnnouncementMade),
	}
}

// announcementMade is the event by which an earlier version told of an announcement. It names no
// accounts: those who are enrolled by now are told.
type announcementMade struct {
	AnnouncementID string `json:"announcement_id"`
}

// EventName implements events.Event.
func (announcementMade) EventName() string { return "notifications.announcement_made" }

// onAnnouncementMade tells the present learners of an announcement.
func (s *Service) onAnnouncementMade(ctx context.Context, e announcementMade) error {
	a, err := s.store.findAnnouncement(ctx, e.AnnouncementID)
	if db.IsNotFound(err) {
		return nil
	}
	if err != nil {
		return err
	}
	return s.publishNews(ctx, newsDue{Kind: kindAnnouncement, CourseID: a.CourseID, AnnouncementID: a.ID})
}
