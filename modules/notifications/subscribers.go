package notifications

import (
	"context"
	"time"

	"lyceum/modules/auth/authapi"
	"lyceum/modules/chat/chatapi"
	"lyceum/modules/courses/coursesapi"
	"lyceum/modules/users/usersapi"
	"lyceum/platform/clock"
	"lyceum/platform/events"
)

const subscriber = "notifications"

func newSubscribers(s *Service) []events.Subscription {
	return []events.Subscription{
		events.SubscribeInTx(subscriber, s.onCoursePublished),
		events.SubscribeInTx(subscriber, s.onLessonAdded),
		events.SubscribeDurable(subscriber, s.onNewsDue),
		events.SubscribeDurable(subscriber, s.onCourseCompleted),
		events.SubscribeDurable(subscriber, s.onRoleGranted),
		events.SubscribeDurable(subscriber, s.onEmailVerified),
		events.SubscribeDurable(subscriber, s.onNewSignIn),
		events.SubscribeDurable(subscriber, s.onPasswordChanged),
		events.SubscribeDurable(subscriber, s.onMentioned),
		events.SubscribeDurable(subscriber, s.onPartDue),
		events.SubscribeRetired(subscriber, s.onCoursePublished),
		events.SubscribeRetired(subscriber, s.onLessonAdded),
		events.SubscribeRetired(subscriber, s.onOldAnnouncementMade),
	}
}

// Places in the console. Ids, not slugs: a link outlives a course's renaming.
func courseLink(id string) string           { return "/#/courses/" + id }
func lessonLink(course, id string) string   { return courseLink(course) + "/lessons/" + id }
func channelLink(slug string) string        { return "/#/chat/" + slug }
func moment(t clock.Time) string            { return t.StdTime().Format("2 January 2006, 15:04 UTC") }
func quoted(title string) string            { return "“" + title + "”" }
func course(title string) map[string]string { return map[string]string{"CourseTitle": title} }

// courseOf gives the course that an event is about; false when it is gone, a draft again or courses is off,
// and nobody needs to hear of it, or may, any more.
func (s *Service) courseOf(ctx context.Context, id string) (coursesapi.Course, bool, error) {
	if s.courses == nil {
		return coursesapi.Course{}, false, nil
	}
	c, ok, err := s.courses.Find(ctx, id)
	return c, ok && !c.Draft, err
}

func (s *Service) onCoursePublished(ctx context.Context, e coursesapi.CoursePublished) error {
	return s.tellLearners(ctx, newsDue{Kind: coursePublished, CourseID: e.CourseID})
}

func (s *Service) onLessonAdded(ctx context.Context, e coursesapi.LessonAdded) error {
	return s.tellLearners(ctx, newsDue{Kind: lessonAdded, CourseID: e.CourseID, LessonID: e.LessonID})
}

func (s *Service) onCourseCompleted(ctx context.Context, e coursesapi.CourseCompleted) error {
	c, ok, err := s.courseOf(ctx, e.CourseID)
	if err != nil || !ok {
		return err
	}
	return s.tell(ctx, message{Kind: courseCompleted, Title: "You completed " + quoted(c.Title), Body: "Congratulations: every lesson is done.",
		Link: courseLink(c.ID), Data: course(c.Title)}, e.UserID)
}

func (s *Service) onRoleGranted(ctx context.Context, e usersapi.RoleGranted) error {
	return s.tell(ctx, message{Kind: roleGranted, Title: "You have a new role: " + string(e.Role), Body: "It works at once; you need not sign in again.",
		Link: "/#/courses", Data: map[string]string{"Role": string(e.Role)}}, e.UserID)
}

func (s *Service) onEmailVerified(ctx context.Context, e usersapi.EmailVerified) error {
	return s.tell(ctx, message{Kind: welcome, Link: "/#/courses"}, e.UserID)
}

func (s *Service) onNewSignIn(ctx context.Context, e authapi.NewSignIn) error {
	when := s.at(e.At)
	return s.tell(ctx, message{Kind: newSignIn, Title: "New sign-in to your account", Link: "/#/account",
		Body: "From " + e.IP + " on " + when + ". If that was not you, end that session under My account.\n" + e.UserAgent,
		Data: map[string]string{"When": when, "IP": e.IP, "UserAgent": e.UserAgent}}, e.UserID)
}

func (s *Service) onPasswordChanged(ctx context.Context, e authapi.PasswordChanged) error {
	when := s.at(e.At)
	return s.tell(ctx, message{Kind: passwordChanged, Title: "Your password was changed", Link: "/#/account",
		Body: "On " + when + ". If that was not you, ask for a new password at once.", Data: map[string]string{"When": when}}, e.UserID)
}

// at shows the time in an event; one that can't be read is now.
func (s *Service) at(text string) string {
	t, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		return moment(s.clock.Now())
	}
	return moment(clock.FromTime(t))
}

// onMentioned names the channel alone: who wrote stands there, for as long as he has a name.
func (s *Service) onMentioned(ctx context.Context, e chatapi.Mentioned) error {
	return s.spread(ctx, message{Kind: mentioned, Title: "You were mentioned in #" + e.ChannelSlug, Link: channelLink(e.ChannelSlug)}, e.UserIDs)
}
