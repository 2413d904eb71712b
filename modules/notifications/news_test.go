package notifications

import (
	"cmp"
	"context"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"lyceum/modules/courses/coursesapi"
	"lyceum/modules/users/usersapi"
	"lyceum/platform/events"
	"lyceum/platform/ids"
)

// News go to those who are enrolled when it happens, not to those who are when it is delivered.
func TestNewsGoToThoseWhoAreEnrolled(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		id := w.course.ID
		early, leaver, late := w.addAccount("Early"), w.addAccount("Leaver"), w.addAccount("Late")
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
			t.Run(kind, func(t *testing.T) {
				w.learners = []string{early, leaver}
				before := len(w.listInbox(early))
				require.NoError(t, happen())
				w.learners = []string{early, late}
				w.relayAll()
				require.Equal(t, kind, w.listInbox(early)[0].Kind)
				require.Len(t, w.listInbox(early), before+1)
				require.Len(t, w.listInbox(leaver), before+1)
				require.Empty(t, w.listInbox(late))
			})
		}
		t.Run("an event that is rolled back is told to nobody", func(t *testing.T) {
			undo := errors.New("undo")
			require.ErrorIs(t, w.db.InTx(t.Context(), func(ctx context.Context) error {
				return cmp.Or(w.bus.Publish(ctx, coursesapi.CoursePublished{CourseID: id}), undo)
			}), undo)
			require.Zero(t, w.countRows("outbox_deliveries"))
		})
		t.Run("a course without learners", func(t *testing.T) {
			w.learners = nil
			w.publish(coursesapi.CoursePublished{CourseID: id})
		})
		t.Run("a very large course makes several deliveries", func(t *testing.T) {
			for range 2*audienceSize + 1 {
				w.learners = append(w.learners, ids.New())
			}
			require.NoError(t, publish(coursesapi.CoursePublished{CourseID: id}))
			require.EqualValues(t, 3, w.countRows("outbox_deliveries"))
		})
	})
}

func TestManyLearnersAreToldInParts(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		learners := w.enrollAccounts(2*partSize + 50)
		require.NoError(t, w.db.InTx(t.Context(), func(ctx context.Context) error {
			return w.bus.Publish(ctx, coursesapi.CoursePublished{CourseID: w.course.ID})
		}))
		_, err := w.bus.RelayOnce(t.Context())
		require.NoError(t, err)
		require.EqualValues(t, 3, w.countRows("outbox_deliveries"), "each part is a delivery of its own")
		w.relayAll()
		require.EqualValues(t, len(learners), w.countRows("notifications"))
		require.Len(t, w.mailer.Mails(), len(learners))
		var eventIDs int64
		require.NoError(t,
			w.db.Conn(t.Context()).Raw("SELECT count(DISTINCT event_id) FROM notifications").Scan(&eventIDs).Error)
		require.EqualValues(t, 1, eventIDs, "the parts share the event that they come from")
	})
}
