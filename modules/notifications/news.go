package notifications

import (
	"context"
	"slices"

	"lyceum/modules/courses/coursesapi"
	"lyceum/platform/db"
)

// audienceSize is how many learners one delivery of news names: few enough for a row of the outbox.
const audienceSize = 2000

// newsDue tells that learners of a course wait for news of it. UserIDs are those who were enrolled when it happened: who
// enrolls later is not told, and who leaves later still is.
type newsDue struct {
	Kind           string   `json:"kind"`
	CourseID       string   `json:"course_id"`
	LessonID       string   `json:"lesson_id,omitempty"`
	AnnouncementID string   `json:"announcement_id,omitempty"`
	UserIDs        []string `json:"user_ids"`
}

// EventName implements events.Event.
func (newsDue) EventName() string { return "notifications.news_due" }

// tellLearners notes in the caller's transaction who is enrolled in the course, so that they are told of the news after it.
func (s *Service) tellLearners(ctx context.Context, n newsDue) error {
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

func (s *Service) onNewsDue(ctx context.Context, n newsDue) error {
	c, ok, err := s.courseOf(ctx, n.CourseID)
	if err != nil || !ok {
		return err
	}
	m, ok, err := s.newsOf(ctx, c, n)
	if err != nil || !ok {
		return err
	}
	return s.spread(ctx, m, n.UserIDs)
}

// newsOf returns what learners are told; false where there is nothing to tell any more.
func (s *Service) newsOf(ctx context.Context, c coursesapi.Course, n newsDue) (m message, ok bool, err error) {
	switch n.Kind {
	case coursePublished:
		return message{Kind: coursePublished, Title: quoted(c.Title) + " is published",
			Body: "A course that you are enrolled in can be read now.", Link: courseLink(c.ID), Data: course(c.Title)}, true, nil
	case lessonAdded:
		return message{Kind: lessonAdded, Title: "A new lesson in " + quoted(c.Title), Link: lessonLink(c.ID, n.LessonID)}, true, nil
	}
	a, err := s.store.announcement(ctx, n.AnnouncementID)
	if db.IsNotFound(err) {
		return m, false, nil
	}
	if err != nil {
		return m, false, err
	}
	return message{Kind: announced, Title: c.Title + ": " + a.Title, Link: courseLink(c.ID), AnnouncementID: &a.ID,
		Data: map[string]string{"CourseTitle": c.Title, "Title": a.Title, "Body": a.Body}}, true, nil
}

// Deliveries that an earlier version has left name nobody. They go to those who are enrolled by now.

// announcementMade is how an earlier version told that all enrolled have something to read.
type announcementMade struct {
	AnnouncementID string `json:"announcement_id"`
}

// EventName implements events.Event.
func (announcementMade) EventName() string { return "notifications.announcement_made" }

func (s *Service) onOldAnnouncementMade(ctx context.Context, e announcementMade) error {
	a, err := s.store.announcement(ctx, e.AnnouncementID)
	if db.IsNotFound(err) {
		return nil
	}
	if err != nil {
		return err
	}
	return s.tellLearners(ctx, newsDue{Kind: announced, CourseID: a.CourseID, AnnouncementID: a.ID})
}
