package notifications

import (
	"context"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"lyceum/modules/users/usersapi"
	"lyceum/platform/identity"
	"lyceum/platform/ids"
)

func TestAnAnnouncementIsStoredOnce(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		learner := w.enrollAccounts(3)[0]
		id := w.course.ID
		body := strings.Repeat("ä", maxAnnouncementBody-1) + "\n"
		_, err := w.createAnnouncement(w.as(w.owner, usersapi.RoleInstructor), id, "  Exam ", body+"\r\n")
		require.NoError(t, err)
		_, err = w.createAnnouncement(w.as(ids.New(), usersapi.RoleAdmin), id, "Second", "b")
		require.NoError(t, err)
		w.relayAll()
		inbox := w.listInbox(learner)
		require.Equal(t, "Go: Second", inbox[0].Title)
		require.Equal(t, "Go: Exam", inbox[1].Title)
		require.Equal(t, strings.TrimSpace(body), inbox[1].Body)
		require.Equal(t, []string{"announcement", "announcement"}, w.listMailKinds(learner))
		require.Equal(t, "b", w.pusher.Pushed(learner)[1].(notificationView).Body)
		var stored int64
		require.NoError(t, w.db.Conn(t.Context()).Raw("SELECT sum(length(body)) FROM notifications").Scan(&stored).Error)
		require.Zero(t, stored, "the text is stored once, not once for each learner")
	})
}

func TestWhoMayAnnounce(t *testing.T) {
	w := onSQLite(t)
	id := w.course.ID
	other := w.as(ids.New(), usersapi.RoleInstructor)
	announce := func(ctx context.Context, course string) string {
		_, err := w.createAnnouncement(ctx, course, "t", "b")
		return problemCode(t, err)
	}
	require.Equal(t, "not-found", announce(w.as(w.owner, usersapi.RoleInstructor), ids.New()))
	require.Equal(t, "forbidden", announce(other, id))
	w.courses.CanReadFunc = func(identity.Caller, string) bool { return false }
	require.Equal(t, "not-found", announce(other, id))
	for _, bad := range [][2]string{
		{"", "b"}, {"t", " \n"}, {strings.Repeat("t", maxAnnouncementTitle+1), "b"}, {"t\nt", "b"},
		{"t", strings.Repeat("b", maxAnnouncementBody+1)},
	} {
		_, err := w.createAnnouncement(w.as(w.owner, usersapi.RoleInstructor), id, bad[0], bad[1])
		require.Equal(t, "validation-failed", problemCode(t, err))
	}
	require.Zero(t, w.countRows("announcements"))
}
