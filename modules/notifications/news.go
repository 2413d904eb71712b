package notifications

import (
	"context"
	"fmt"
	"slices"

	"lyceum/modules/courses/coursesapi"
	"lyceum/platform/db"
)

// audienceSize is how many learners one newsDue names: few enough for a row of the outbox.
const audienceSize = 2000

// newsDue is work that the module leaves to itself: up to audienceSize learners are to be told news
// of their course. UserIDs are those who were enrolled when it happened. Learners who enroll later
// are not told, and those who leave later still are.
type newsDue struct {
	// Kind is kindCoursePublished, kindLessonAdded or kindAnnouncement.
	Kind           string   `json:"kind"`
	CourseID       string   `json:"course_id"`
	LessonID       string   `json:"lesson_id,omitempty"`
	AnnouncementID string   `json:"announcement_id,omitempty"`
	UserIDs        []string `json:"user_ids"`
}

// EventName implements events.Event.
func (newsDue) EventName() string { return "notifications.news_due" }

// publishNews publishes newsDue for all learners of the course, in the transaction of the caller.
func (s *Service) publishNews(ctx context.Context, news newsDue) error {
	if s.courses == nil {
		return nil
	}
	learners, err := s.courses.Learners(ctx, news.CourseID)
	if err != nil {
		return err
	}
	for audience := range slices.Chunk(learners, audienceSize) {
		news.UserIDs = audience
		if err := s.events.Publish(ctx, news); err != nil {
			return err
		}
	}
	return nil
}

// onNewsDue tells the learners of the news, in parts, unless the course is no longer visible.
func (s *Service) onNewsDue(ctx context.Context, news newsDue) error {
	c, ok, err := s.findVisibleCourse(ctx, news.CourseID)
	if err != nil || !ok {
		return err
	}
	n, ok, err := s.composeNews(ctx, c, news)
	if err != nil || !ok {
		return err
	}
	return s.publishParts(ctx, n, news.UserIDs)
}

// composeNews returns the notice of news of a course. ok is false if its announcement was deleted.
// It returns an error for a kind that is no news.
func (s *Service) composeNews(ctx context.Context, c coursesapi.Course, news newsDue) (n notice, ok bool, err error) {
	switch news.Kind {
	case kindCoursePublished:
		return notice{
			Kind: kindCoursePublished, Title: quote(c.Title) + " is published",
			Body: "A course that you are enrolled in can be read now.", Link: courseLink(c.ID),
			MailData: newCourseData(c.Title),
		}, true, nil
	case kindLessonAdded:
		return notice{
			Kind: kindLessonAdded, Title: "A new lesson in " + quote(c.Title), Link: lessonLink(c.ID, news.LessonID),
		}, true, nil
	case kindAnnouncement:
		return s.composeAnnouncement(ctx, c, news.AnnouncementID)
	}
	return notice{}, false, fmt.Errorf("notifications: the kind %q is no news", news.Kind)
}

// composeAnnouncement returns the notice of an announcement. ok is false if it was deleted.
func (s *Service) composeAnnouncement(
	ctx context.Context, c coursesapi.Course, id string,
) (n notice, ok bool, err error) {
	a, err := s.store.findAnnouncement(ctx, id)
	if db.IsNotFound(err) {
		return notice{}, false, nil
	}
	if err != nil {
		return notice{}, false, err
	}
	return notice{
		Kind: kindAnnouncement, Title: c.Title + ": " + a.Title, Link: courseLink(c.ID), AnnouncementID: &a.ID,
		MailData: map[string]string{"CourseTitle": c.Title, "Title": a.Title, "Body": a.Body},
	}, true, nil
}
