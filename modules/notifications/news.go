package notifications

import (
	"context"
	"slices"

	"lyceum/modules/courses/coursesapi"
	"lyceum/platform/db"
)

// audienceSize is how many learners one delivery of news names: few enough for a row of the outbox.
const audienceSize = 2000

// newsDue is the event of learners who wait for news of their course. UserIDs are those who were
// enrolled when it happened. Learners who enroll later are not told, and those who leave later
// still are.
type newsDue struct {
	Kind           string   `json:"kind"`
	CourseID       string   `json:"course_id"`
	LessonID       string   `json:"lesson_id,omitempty"`
	AnnouncementID string   `json:"announcement_id,omitempty"`
	UserIDs        []string `json:"user_ids"`
}

// EventName implements events.Event.
func (newsDue) EventName() string { return "notifications.news_due" }

// publishNews publishes newsDue for all learners of the course, in the transaction of the caller.
func (s *Service) publishNews(ctx context.Context, n newsDue) error {
	if s.courses == nil {
		return nil
	}
	learners, err := s.courses.Learners(ctx, n.CourseID)
	if err != nil {
		return err
	}
	for n.UserIDs = range slices.Chunk(learners, audienceSize) {
		if err := s.events.Publish(ctx, n); err != nil {
			return err
		}
	}
	return nil
}

// onNewsDue tells the learners of the news, unless the course is no longer visible.
func (s *Service) onNewsDue(ctx context.Context, n newsDue) error {
	c, ok, err := s.findVisibleCourse(ctx, n.CourseID)
	if err != nil || !ok {
		return err
	}
	m, ok, err := s.newNewsMessage(ctx, c, n)
	if err != nil || !ok {
		return err
	}
	return s.deliverInParts(ctx, m, n.UserIDs)
}

// newNewsMessage returns the message of news. ok is false if its announcement was deleted.
func (s *Service) newNewsMessage(ctx context.Context, c coursesapi.Course, n newsDue) (m message, ok bool, err error) {
	switch n.Kind {
	case kindCoursePublished:
		return message{
			Kind: kindCoursePublished, Title: quote(c.Title) + " is published",
			Body: "A course that you are enrolled in can be read now.", Link: courseLink(c.ID),
			Data: newCourseData(c.Title),
		}, true, nil
	case kindLessonAdded:
		return message{
			Kind: kindLessonAdded, Title: "A new lesson in " + quote(c.Title), Link: lessonLink(c.ID, n.LessonID),
		}, true, nil
	}
	a, err := s.store.findAnnouncement(ctx, n.AnnouncementID)
	if db.IsNotFound(err) {
		return m, false, nil
	}
	if err != nil {
		return m, false, err
	}
	return message{Kind: kindAnnouncement, Title: c.Title + ": " + a.Title, Link: courseLink(c.ID), AnnouncementID: &a.ID,
		Data: map[string]string{"CourseTitle": c.Title, "Title": a.Title, "Body": a.Body}}, true, nil
}

// announcementMade is the event by which an earlier version told of an announcement. It names
// nobody: it is delivered to those who are enrolled by now.
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
