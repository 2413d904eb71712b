package notifications

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"lyceum/modules/auth/authapi"
	"lyceum/modules/chat/chatapi"
	"lyceum/modules/courses/coursesapi"
	"lyceum/modules/users/usersapi"
	"lyceum/platform/clock"
	"lyceum/platform/events"
	"lyceum/platform/identity"
	"lyceum/platform/ids"
)

// What each event makes, for whom and by which way.
func TestWhoIsToldOfWhat(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		learner, outsider := w.class(1)[0], w.person("Otto")
		course, lesson := w.course.ID, ids.New()
		at := "2026-11-24T19:52:03.000Z"
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
				authapi.NewSignIn{UserID: learner, IP: "192.0.2.7", UserAgent: "Firefox", At: at}, kindNewSignIn,
				"New sign-in to your account", "/#/account", "new_sign_in",
			},
			{
				authapi.PasswordChanged{UserID: learner, At: at}, kindPasswordChanged, "Your password was changed",
				"/#/account", "password_changed",
			},
		} {
			mails := len(w.mails(learner))
			w.publish(c.event)
			got := w.inbox(learner)[0]
			require.Equal(t, []string{c.kind, c.title, c.link}, []string{got.Kind, got.Title, got.Link})
			require.Nil(t, got.ReadAt)
			var sent string
			if all := w.mails(learner); len(all) > mails {
				sent = all[len(all)-1]
			}
			require.Equal(t, c.mail, sent, c.kind)
			pushed := w.pusher.pushed[learner]
			require.Equal(t, got.ID, pushed[len(pushed)-1].ID)
		}
		require.Len(t, w.inbox(learner), 7)
		require.Contains(t, w.inbox(learner)[1].Body, "192.0.2.7 on 24 November 2026, 19:52 UTC")
		require.Empty(t, w.inbox(outsider))
		require.Empty(t, w.inbox(w.owner))
	})
}

func TestWelcomeIsAMailOnly(t *testing.T) {
	w := onSQLite(t)
	id := w.person("Nora")
	w.publish(usersapi.EmailVerified{UserID: id})
	require.Equal(t, []string{"welcome"}, w.mails(id))
	require.Empty(t, w.inbox(id))
	require.Empty(t, w.pusher.pushed)
}

func TestALargeClassIsToldInParts(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		class := w.class(2*partSize + 50)
		require.NoError(t, w.db.InTx(t.Context(), func(ctx context.Context) error {
			return w.bus.Publish(ctx, coursesapi.CoursePublished{CourseID: w.course.ID})
		}))
		_, err := w.bus.RelayOnce(t.Context())
		require.NoError(t, err)
		require.EqualValues(t, 3, w.count("outbox_deliveries"), "each part is a delivery of its own")
		w.relay()
		require.EqualValues(t, len(class), w.count("notifications"))
		require.Len(t, w.mailer.Mails(), len(class))
		var senders int64
		require.NoError(t,
			w.db.Conn(t.Context()).Raw("SELECT count(DISTINCT event_id) FROM notifications").Scan(&senders).Error)
		require.EqualValues(t, 1, senders, "the parts share the event that they come from")
	})
}

// News go to those who are enrolled when it happens, not to those who are when it is delivered.
func TestNewsGoToThoseWhoAreEnrolled(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		id := w.course.ID
		early, leaver, late := w.person("Early"), w.person("Leaver"), w.person("Late")
		publish := func(e events.Event) error {
			return w.db.InTx(t.Context(), func(ctx context.Context) error { return w.bus.Publish(ctx, e) })
		}
		for kind, happen := range map[string]func() error{
			kindCoursePublished: func() error { return publish(coursesapi.CoursePublished{CourseID: id}) },
			kindLessonAdded:     func() error { return publish(coursesapi.LessonAdded{CourseID: id, LessonID: ids.New()}) },
			kindAnnouncement: func() error {
				_, err := w.createAnnouncement(w.as(w.owner, usersapi.RoleInstructor), id, "Exam", "on Friday")
				return err
			},
		} {
			w.learners = []string{early, leaver}
			before := len(w.inbox(early))
			require.NoError(t, happen())
			w.learners = []string{early, late}
			w.relay()
			require.Equal(t, kind, w.inbox(early)[0].Kind)
			require.Len(t, w.inbox(early), before+1, kind)
			require.Len(t, w.inbox(leaver), before+1, kind)
			require.Empty(t, w.inbox(late), kind)
		}
		// What does not come about is told to nobody.
		undone := errors.New("undone")
		require.ErrorIs(t, w.db.InTx(t.Context(), func(ctx context.Context) error {
			return cmp.Or(w.bus.Publish(ctx, coursesapi.CoursePublished{CourseID: id}), undone)
		}), undone)
		require.Zero(t, w.count("outbox_deliveries"))
		// A course without learners is told to nobody, a very large one in several deliveries.
		w.learners = nil
		w.publish(coursesapi.CoursePublished{CourseID: id})
		for range 2*audienceSize + 1 {
			w.learners = append(w.learners, ids.New())
		}
		require.NoError(t, publish(coursesapi.CoursePublished{CourseID: id}))
		require.EqualValues(t, 3, w.count("outbox_deliveries"))
	})
}

// Deliveries of an earlier version name nobody: they go to those who are enrolled by now.
func TestDeliveriesOfAnEarlierVersion(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		learner := w.class(1)[0]
		a := announcement{
			ID: ids.New(), CourseID: w.course.ID, AuthorID: w.owner, Title: "Exam", Body: "b",
			CreatedAt: clock.System{}.Now(),
		}
		require.NoError(t, w.store.insertAnnouncement(t.Context(), &a))
		for event, payload := range map[string]string{
			"course.published":                `{"course_id":"` + a.CourseID + `"}`,
			"lesson.added":                    `{"course_id":"` + a.CourseID + `","lesson_id":"` + ids.New() + `"}`,
			"notifications.announcement_made": `{"announcement_id":"` + a.ID + `"}`,
		} {
			require.NoError(t,
				w.db.Conn(t.Context()).Exec(`INSERT INTO outbox_deliveries (id, event_id, event, subscriber, payload, state, next_at, created_at)
				VALUES (?, ?, ?, 'notifications', ?, 'pending', 0, 0)`, ids.New(), ids.New(), event, payload).Error)
		}
		w.relay()
		require.Len(t, w.inbox(learner), 3)
	})
}

// O2: a delivery that comes again, or twice at once, counts once, mail included.
func TestToldOnce(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		class := w.class(20)
		m := notice{EventID: ids.New(), Kind: kindCoursePublished, Title: "x", Link: "/", MailData: newCourseData("Go")}
		require.NoError(t, w.notifyAccounts(t.Context(), m, class[:5]))
		var wg sync.WaitGroup
		for range 4 {
			// One that loses the race fails and is delivered again by the relay.
			wg.Go(func() { _ = w.notifyAccounts(context.Background(), m, class) })
		}
		wg.Wait()
		require.NoError(t, w.notifyAccounts(t.Context(), m, append(class, class[0])))
		require.EqualValues(t, 20, w.count("notifications"))
		require.Len(t, w.mailer.Mails(), 20)
		m.Kind = kindLessonAdded
		require.NoError(t, w.notifyAccounts(t.Context(), m, class), "another kind of the same event")
		require.EqualValues(t, 40, w.count("notifications"))
	})
}

func TestPreferencesAreRespected(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		quiet, mailOnly, off := w.person("Q"), w.person("M"), w.person("O")
		for id, p := range map[string]preference{quiet: {InApp: true}, mailOnly: {Email: true}, off: {}} {
			p.Kind = kindCoursePublished
			require.NoError(t, w.savePreferences(w.as(id, usersapi.RoleUser), []preference{p}))
		}
		w.learners = []string{quiet, mailOnly, off}
		w.publish(coursesapi.CoursePublished{CourseID: w.course.ID})
		for id, want := range map[string][2]int{quiet: {1, 0}, mailOnly: {0, 1}, off: {0, 0}} {
			require.Equal(t, want, [2]int{len(w.inbox(id)), len(w.mails(id))})
			n, err := w.store.countUnread(t.Context(), id)
			require.NoError(t, err)
			require.EqualValues(t, want[0], n, "what is hidden is not unread")
		}
		require.Len(t, w.pusher.pushed, 1)

		require.NoError(t,
			w.savePreferences(w.as(quiet, usersapi.RoleUser), []preference{{Kind: kindNewSignIn, Email: true}}))
		w.publish(authapi.NewSignIn{UserID: quiet, At: "nonsense"})
		require.Equal(t, []string{"new_sign_in"}, w.mails(quiet))
	})
}

func TestWhoIsGoneOrDisabled(t *testing.T) {
	w := onSQLite(t)
	gone, disabled := ids.New(), w.person("D")
	w.accounts.Disable(disabled)
	for _, id := range []string{gone, disabled} {
		w.publish(usersapi.RoleGranted{UserID: id, Role: "admin"})
	}
	require.Empty(t, w.mailer.Mails())
	require.EqualValues(t, 1, w.count("notifications"), "they find it when they are let in again")
}

func TestWhatNobodyNeedsToHearIsDropped(t *testing.T) {
	w := onSQLite(t)
	w.class(2)
	deleted := ids.New()
	all := func() {
		w.publish(coursesapi.CoursePublished{CourseID: deleted})
		w.publish(coursesapi.LessonAdded{CourseID: deleted, LessonID: ids.New()})
		w.publish(coursesapi.CourseCompleted{CourseID: deleted, UserID: w.owner})
		w.publish(announcementMade{ids.New()})
	}
	all()
	w.Service.courses = nil // the module is off now
	deleted = w.course.ID
	all()
	require.Zero(t, w.count("notifications"))
}

func TestWithoutChatNothingIsPushed(t *testing.T) {
	w := onSQLite(t)
	w.Service.pusher = nil
	id := w.person("Nora")
	w.publish(usersapi.RoleGranted{UserID: id, Role: "member"})
	require.Len(t, w.inbox(id), 1)
}

// A handler that fails keeps its delivery: nothing that was told is lost.
func TestFailuresAreDeliveredAgain(t *testing.T) {
	w := onSQLite(t)
	w.class(1)
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
	require.Error(t, w.notifyAccounts(t.Context(), notice{Kind: "nonsense"}, nil))
	require.Error(t,
		w.notifyAccounts(t.Context(), notice{EventID: ids.New(), Kind: kindCoursePublished}, []string{w.owner}),
		"a mail that lacks its course")
	require.Zero(t, w.count("notifications"), "and the row goes with it")
}

func TestAnnouncing(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		learner := w.class(3)[0]
		id := w.course.ID
		body := strings.Repeat("ä", maxAnnouncementBody-1) + "\n"
		_, err := w.createAnnouncement(w.as(w.owner, usersapi.RoleInstructor), id, "  Exam ", body+"\r\n")
		require.NoError(t, err)
		_, err = w.createAnnouncement(w.as(ids.New(), usersapi.RoleAdmin), id, "Second", "b")
		require.NoError(t, err)
		w.relay()
		inbox := w.inbox(learner)
		require.Equal(t, "Go: Second", inbox[0].Title)
		require.Equal(t, "Go: Exam", inbox[1].Title)
		require.Equal(t, strings.TrimSpace(body), inbox[1].Body)
		require.Equal(t, []string{"announcement", "announcement"}, w.mails(learner))
		require.Equal(t, "b", w.pusher.pushed[learner][1].Body)
		var stored int64
		require.NoError(t, w.db.Conn(t.Context()).Raw("SELECT sum(length(body)) FROM notifications").Scan(&stored).Error)
		require.Zero(t, stored, "the text is stored once, not once for each learner")
	})
}

func TestWhoMayAnnounce(t *testing.T) {
	w := onSQLite(t)
	id := w.course.ID
	other := w.as(ids.New(), usersapi.RoleInstructor)
	say := func(ctx context.Context, course string) string {
		_, err := w.createAnnouncement(ctx, course, "t", "b")
		return code(t, err)
	}
	require.Equal(t, "not-found", say(w.as(w.owner, usersapi.RoleInstructor), ids.New()))
	require.Equal(t, "forbidden", say(other, id))
	w.courses.CanReadFunc = func(identity.Caller, string) bool { return false }
	require.Equal(t, "not-found", say(other, id))
	for _, bad := range [][2]string{
		{"", "b"}, {"t", " \n"}, {strings.Repeat("t", maxAnnouncementTitle+1), "b"}, {"t\nt", "b"},
		{"t", strings.Repeat("b", maxAnnouncementBody+1)},
	} {
		_, err := w.createAnnouncement(w.as(w.owner, usersapi.RoleInstructor), id, bad[0], bad[1])
		require.Equal(t, "validation-failed", code(t, err))
	}
	require.Zero(t, w.count("announcements"))
}

// Every kind is complete: a mail that a template exists for, and a name people can choose.
func TestKinds(t *testing.T) {
	require.Len(t, kinds, 8)
	for _, k := range kinds {
		got, ok := findKind(k.name)
		require.True(t, ok)
		require.Equal(t, k, got)
		require.Equal(t, k.mandatory, strings.HasPrefix(k.name, "security."), fmt.Sprint(k))
	}
	_, ok := findKind("nonsense")
	require.False(t, ok)
}

func TestMigrationsGoDownAgain(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		for _, m := range slices.Backward(Migrations) {
			for _, statement := range m.Down {
				require.NoError(t, w.db.Conn(t.Context()).Exec(statement).Error)
			}
		}
		require.False(t, w.db.Conn(t.Context()).Migrator().HasTable("notifications"))
	})
}
