package notifications

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"lyceum/modules/auth/authapi"
	"lyceum/modules/chat/chatapi"
	"lyceum/modules/courses/coursesapi"
	"lyceum/modules/users/usersapi"
	"lyceum/platform/clock"
	"lyceum/platform/events"
	"lyceum/platform/ids"
)

// Each event makes a notification for the accounts that it concerns, with a mail or without.
func TestWhoIsToldOfWhat(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		learner, outsider := w.enrollAccounts(1)[0], w.addAccount("Otto")
		course, lesson := w.course.ID, ids.New()
		at := clock.FromTime(time.Date(2026, 11, 24, 19, 52, 3, 0, time.UTC))
		for _, c := range []struct {
			event             events.Event
			kind, title, link string
			mail              string
		}{
			{
				coursesapi.CoursePublished{CourseID: course}, kindCoursePublished, "“Go” is published",
				"/#/courses/" + course, "course_published",
			},
			{
				coursesapi.LessonAdded{CourseID: course, LessonID: lesson}, kindLessonAdded,
				"A new lesson in “Go”", "/#/courses/" + course + "/lessons/" + lesson, "",
			},
			{
				coursesapi.CourseCompleted{CourseID: course, UserID: learner}, kindCourseCompleted,
				"You completed “Go”", "/#/courses/" + course, "course_completed",
			},
			{
				usersapi.RoleGranted{UserID: learner, Role: "member"}, kindRoleGranted,
				"You have a new role: member", "/#/courses", "role_granted",
			},
			{
				chatapi.Mentioned{ChannelSlug: "hq", AuthorID: w.owner, UserIDs: []string{learner}}, kindMention,
				"You were mentioned in #hq", "/#/chat/hq", "",
			},
			{
				authapi.DeviceAdded{UserID: learner, IP: "192.0.2.7", UserAgent: "Firefox", At: at}, kindNewSignIn,
				"New sign-in to your account", "/#/account", "new_sign_in",
			},
			{
				authapi.PasswordChanged{UserID: learner, At: at}, kindPasswordChanged, "Your password was changed",
				"/#/account", "password_changed",
			},
		} {
			mails := len(w.listMailKinds(learner))
			w.publish(c.event)
			got := w.listInbox(learner)[0]
			require.Equal(t, []string{c.kind, c.title, c.link}, []string{got.Kind, got.Title, got.Link})
			require.Nil(t, got.ReadAt)
			var sent string
			if all := w.listMailKinds(learner); len(all) > mails {
				sent = all[len(all)-1]
			}
			require.Equal(t, c.mail, sent, c.kind)
			pushed := w.pusher.Pushed(learner)
			require.Equal(t, got.ID, pushed[len(pushed)-1].(notificationView).ID)
		}
		require.Len(t, w.listInbox(learner), 7)
		require.Contains(t, w.listInbox(learner)[1].Body, "192.0.2.7 on 24 November 2026, 19:52 UTC")
		require.Empty(t, w.listInbox(outsider))
		require.Empty(t, w.listInbox(w.owner))
	})
}

func TestWelcomeIsAMailOnly(t *testing.T) {
	w := onSQLite(t)
	id := w.addAccount("Nora")
	w.publish(usersapi.EmailVerified{UserID: id})
	require.Equal(t, []string{"welcome"}, w.listMailKinds(id))
	require.Empty(t, w.listInbox(id))
	require.Zero(t, w.pusher.CountAccounts())
}

// Deliveries of an earlier version name nobody: they go to those who are enrolled by now.
func TestDeliveriesOfAnEarlierVersion(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		learner := w.enrollAccounts(1)[0]
		a := announcement{
			ID: ids.New(), CourseID: w.course.ID, AuthorID: w.owner, Title: "Exam", Body: "b",
			CreatedAt: clock.System{}.Now(),
		}
		require.NoError(t, w.store.insertAnnouncement(t.Context(), &a))
		for event, payload := range map[string]string{
			"course.published":                `{"course_id":"` + a.CourseID + `"}`,
			"lesson.added":                    `{"course_id":"` + a.CourseID + `","lesson_id":"` + ids.New() + `"}`,
			"notifications.announcement_made": `{"announcement_id":"` + a.ID + `"}`,
			"auth.new_sign_in":                `{"user_id":"` + learner + `","ip":"192.0.2.7","user_agent":"x","at":"2026-11-24T19:52:03.000Z"}`,
		} {
			require.NoError(t,
				w.db.Conn(t.Context()).Exec(`INSERT INTO outbox_deliveries (id, event_id, event, subscriber, payload, state, next_at, created_at)
				VALUES (?, ?, ?, 'notifications', ?, 'pending', 0, 0)`, ids.New(), ids.New(), event, payload).Error)
		}
		w.relayAll()
		require.Len(t, w.listInbox(learner), 4)
	})
}

func TestWhatNobodyNeedsToHearIsDropped(t *testing.T) {
	w := onSQLite(t)
	w.enrollAccounts(2)
	deleted := ids.New()
	publishAll := func() {
		w.publish(coursesapi.CoursePublished{CourseID: deleted})
		w.publish(coursesapi.LessonAdded{CourseID: deleted, LessonID: ids.New()})
		w.publish(coursesapi.CourseCompleted{CourseID: deleted, UserID: w.owner})
		w.publish(announcementMade{ids.New()})
	}
	publishAll()
	w.Service.courses = nil // the module is off now
	deleted = w.course.ID
	publishAll()
	require.Zero(t, w.countRows("notifications"))
}

// A handler that fails returns the error, so that the relay calls it again, or the change is rolled
// back.
func TestHandlersReturnErrors(t *testing.T) {
	w := onSQLite(t)
	w.enrollAccounts(1)
	broken := errors.New("broken")
	handlers := map[string]func(context.Context) error{
		"published": func(ctx context.Context) error {
			return w.onCoursePublished(ctx, coursesapi.CoursePublished{CourseID: w.course.ID})
		},
		"lesson": func(ctx context.Context) error {
			return w.onLessonAdded(ctx, coursesapi.LessonAdded{CourseID: w.course.ID})
		},
		"completed": func(ctx context.Context) error {
			return w.onCourseCompleted(ctx, coursesapi.CourseCompleted{CourseID: w.course.ID})
		},
	}
	w.courses.Err = broken
	for name, handle := range handlers {
		require.ErrorIs(t, handle(t.Context()), broken, name)
	}
	w.courses.Err = nil
	w.accounts.FindFunc = func(context.Context) error { return broken }
	require.ErrorIs(t, w.onRoleGranted(t.Context(), usersapi.RoleGranted{UserID: w.owner}), broken)
	require.ErrorIs(t, w.onPartDue(t.Context(), partDue{notice{Kind: kindMention}, []string{w.owner}}), broken)
	w.accounts.FindFunc = nil
	require.Error(t, w.onNewsDue(t.Context(), newsDue{Kind: kindMention, CourseID: w.course.ID}), "a kind that is no news")
	require.Error(t, w.notifyAccounts(t.Context(), notice{Kind: "nonsense"}, nil))
	require.Error(t,
		w.notifyAccounts(t.Context(), notice{EventID: ids.New(), Kind: kindCoursePublished}, []string{w.owner}),
		"a mail that lacks its course")
	require.Zero(t, w.countRows("notifications"), "and the row goes with it")
}
