package notifications

import (
	"context"

	"lyceum/modules/auth/authapi"
	"lyceum/modules/chat/chatapi"
	"lyceum/modules/courses/coursesapi"
	"lyceum/modules/users/usersapi"
	"lyceum/platform/clock"
	"lyceum/platform/db"
	"lyceum/platform/events"
)

// subscriber is the name under which deliveries wait in the outbox. It must not change.
const subscriber = "notifications"

// newSubscribers returns the subscriptions of the module.
func newSubscribers(s *Service) []events.Subscription {
	return []events.Subscription{
		events.SubscribeInTx(subscriber, s.onCoursePublished),
		events.SubscribeInTx(subscriber, s.onLessonAdded),
		events.SubscribeDurable(subscriber, s.onNewsDue),
		events.SubscribeDurable(subscriber, s.onCourseCompleted),
		events.SubscribeDurable(subscriber, s.onRoleGranted),
		events.SubscribeDurable(subscriber, s.onEmailVerified),
		events.SubscribeDurable(subscriber, s.onDeviceAdded),
		events.SubscribeDurable(subscriber, s.onPasswordChanged),
		events.SubscribeDurable(subscriber, s.onMentioned),
		events.SubscribeDurable(subscriber, s.onPartDue),

		// Rows that an earlier version left in the outbox. New events make none, so nobody is told twice.
		events.SubscribeRetired(subscriber, s.onCoursePublished),
		events.SubscribeRetired(subscriber, s.onLessonAdded),
		events.SubscribeRetired(subscriber, s.onAnnouncementMade),
		events.SubscribeRetired(subscriber, func(ctx context.Context, e newSignIn) error {
			return s.onDeviceAdded(ctx, authapi.DeviceAdded(e))
		}),
	}
}

// courseLink, lessonLink and channelLink return paths in the console, such as /#/courses/…. Those
// of courses have ids, as slugs change.
func courseLink(id string) string         { return "/#/courses/" + id }
func lessonLink(course, id string) string { return courseLink(course) + "/lessons/" + id }
func channelLink(slug string) string      { return "/#/chat/" + slug }

// formatTime returns a time as people read it in a mail.
func formatTime(t clock.Time) string { return t.StdTime().Format("2 January 2006, 15:04 UTC") }

// quote returns a title in quotation marks.
func quote(title string) string { return "“" + title + "”" }

// newCourseData returns the data of a mail about a course.
func newCourseData(title string) map[string]string { return map[string]string{"CourseTitle": title} }

// findVisibleCourse returns the course of an event. ok is false if nobody needs to hear of it any
// more: the course was deleted or is a draft again, or module courses is disabled.
func (s *Service) findVisibleCourse(ctx context.Context, id string) (coursesapi.Course, bool, error) {
	if s.courses == nil {
		return coursesapi.Course{}, false, nil
	}
	c, ok, err := s.courses.Find(ctx, id)
	return c, ok && !c.Draft, err
}

// onCoursePublished tells the learners that they can read the course.
func (s *Service) onCoursePublished(ctx context.Context, e coursesapi.CoursePublished) error {
	return s.publishNews(ctx, newsDue{Kind: kindCoursePublished, CourseID: e.CourseID})
}

// onLessonAdded tells the learners of a new lesson.
func (s *Service) onLessonAdded(ctx context.Context, e coursesapi.LessonAdded) error {
	return s.publishNews(ctx, newsDue{Kind: kindLessonAdded, CourseID: e.CourseID, LessonID: e.LessonID})
}

// onCourseCompleted congratulates the learner.
func (s *Service) onCourseCompleted(ctx context.Context, e coursesapi.CourseCompleted) error {
	c, ok, err := s.findVisibleCourse(ctx, e.CourseID)
	if err != nil || !ok {
		return err
	}
	return s.notifyAccount(ctx, notice{
		Kind: kindCourseCompleted, Title: "You completed " + quote(c.Title), Link: courseLink(c.ID),
		Body:     "Congratulations: every lesson is done.",
		MailData: newCourseData(c.Title),
	}, e.UserID)
}

// onRoleGranted tells an account of its new role.
func (s *Service) onRoleGranted(ctx context.Context, e usersapi.RoleGranted) error {
	return s.notifyAccount(ctx, notice{
		Kind: kindRoleGranted, Title: "You have a new role: " + string(e.Role), Link: "/#/courses",
		Body:     "It works at once; you need not sign in again.",
		MailData: map[string]string{"Role": string(e.Role)},
	}, e.UserID)
}

// onEmailVerified mails a welcome to an account whose address is verified.
func (s *Service) onEmailVerified(ctx context.Context, e usersapi.EmailVerified) error {
	return s.notifyAccount(ctx, notice{Kind: kindWelcome, Link: "/#/courses"}, e.UserID)
}

// newSignIn is the event auth.device_added under the name that earlier versions stored.
type newSignIn authapi.DeviceAdded

// EventName implements events.Event.
func (newSignIn) EventName() string { return "auth.new_sign_in" }

// onDeviceAdded warns an account of a sign-in from a new device.
func (s *Service) onDeviceAdded(ctx context.Context, e authapi.DeviceAdded) error {
	when := formatTime(e.At)
	return s.notifyAccount(ctx, notice{
		Kind: kindNewSignIn, Title: "New sign-in to your account", Link: "/#/account",
		Body: "From " + e.IP + " on " + when + ". If that was not you, end that session under My account." +
			"\n" + e.UserAgent,
		MailData: map[string]string{"When": when, "IP": e.IP, "UserAgent": e.UserAgent},
	}, e.UserID)
}

// onPasswordChanged warns an account of its new password.
func (s *Service) onPasswordChanged(ctx context.Context, e authapi.PasswordChanged) error {
	when := formatTime(e.At)
	return s.notifyAccount(ctx, notice{
		Kind: kindPasswordChanged, Title: "Your password was changed", Link: "/#/account",
		Body:     "On " + when + ". If that was not you, ask for a new password at once.",
		MailData: map[string]string{"When": when},
	}, e.UserID)
}

// onMentioned tells the accounts that a message mentions. The notification names only the channel,
// not the author, whose account may be deleted.
func (s *Service) onMentioned(ctx context.Context, e chatapi.Mentioned) error {
	return s.publishParts(ctx, notice{
		Kind: kindMention, Title: "You were mentioned in #" + e.ChannelSlug, Link: channelLink(e.ChannelSlug),
	}, e.UserIDs)
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
