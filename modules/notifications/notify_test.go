package notifications

import (
	"context"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"lyceum/modules/auth/authapi"
	"lyceum/modules/courses/coursesapi"
	"lyceum/modules/users/usersapi"
	"lyceum/platform/clock"
	"lyceum/platform/ids"
)

// A part that is delivered again, or twice at once, counts once, mail included.
func TestEachAccountIsToldOnce(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		learners := w.enrollAccounts(20)
		n := notice{EventID: ids.New(), Kind: kindCoursePublished, Title: "x", Link: "/", MailData: newCourseData("Go")}
		require.NoError(t, w.notifyAccounts(t.Context(), n, learners[:5]))
		var wg sync.WaitGroup
		for range 4 {
			// One that loses the race fails and is delivered again by the relay.
			wg.Go(func() { _ = w.notifyAccounts(context.Background(), n, learners) })
		}
		wg.Wait()
		require.NoError(t, w.notifyAccounts(t.Context(), n, append(learners, learners[0])))
		require.EqualValues(t, 20, w.countRows("notifications"))
		require.Len(t, w.mailer.Mails(), 20)
		n.Kind = kindLessonAdded
		require.NoError(t, w.notifyAccounts(t.Context(), n, learners), "another kind of the same event")
		require.EqualValues(t, 40, w.countRows("notifications"))
	})
}

func TestPreferencesAreRespected(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		quiet, mailOnly, off := w.addAccount("Q"), w.addAccount("M"), w.addAccount("O")
		for id, p := range map[string]preference{quiet: {InApp: true}, mailOnly: {Email: true}, off: {}} {
			p.Kind = kindCoursePublished
			require.NoError(t, w.savePreferences(w.as(id, usersapi.RoleUser), []preference{p}))
		}
		w.learners = []string{quiet, mailOnly, off}
		w.publish(coursesapi.CoursePublished{CourseID: w.course.ID})
		for id, want := range map[string][2]int{quiet: {1, 0}, mailOnly: {0, 1}, off: {0, 0}} {
			require.Equal(t, want, [2]int{len(w.listInbox(id)), len(w.listMailKinds(id))})
			n, err := w.store.countUnread(t.Context(), id)
			require.NoError(t, err)
			require.EqualValues(t, want[0], n, "what is hidden is not unread")
		}
		require.Equal(t, 1, w.pusher.CountAccounts())

		require.NoError(t,
			w.savePreferences(w.as(quiet, usersapi.RoleUser), []preference{{Kind: kindNewSignIn, Email: true}}))
		w.publish(authapi.DeviceAdded{UserID: quiet, At: clock.System{}.Now()})
		require.Equal(t, []string{"new_sign_in"}, w.listMailKinds(quiet))
	})
}

func TestDeletedAccountsGetNothingAndDisabledNoMail(t *testing.T) {
	w := onSQLite(t)
	gone, disabled := ids.New(), w.addAccount("D")
	w.accounts.Disable(disabled)
	for _, id := range []string{gone, disabled} {
		w.publish(usersapi.RoleGranted{UserID: id, Role: "admin"})
	}
	require.Empty(t, w.mailer.Mails())
	require.EqualValues(t, 1, w.countRows("notifications"), "they find it when they are let in again")
}

func TestWithoutChatNothingIsPushed(t *testing.T) {
	w := onSQLite(t)
	w.Service.pusher = nil
	id := w.addAccount("Nora")
	w.publish(usersapi.RoleGranted{UserID: id, Role: "member"})
	require.Len(t, w.listInbox(id), 1)
}
