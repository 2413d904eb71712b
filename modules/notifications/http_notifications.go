package notifications

import (
	"context"

	"lyceum/platform/clock"
	"lyceum/platform/httpx"
	"lyceum/platform/httpx/pagination"
	"lyceum/platform/keyset"
)

// handlers answers the requests of the module.
type handlers struct {
	service *Service
	cursors *pagination.Cursors
}

func newHandlers(s *Service, c *pagination.Cursors) *handlers { return &handlers{s, c} }

// notificationView is a notification of the caller. It is also what sockets get of a new one.
type notificationView struct {
	ID        string      `json:"id"`
	Kind      string      `json:"kind"`
	Title     string      `json:"title"`
	Body      string      `json:"body"`
	Link      string      `json:"link" doc:"Where to go from here, on this site"`
	ReadAt    *clock.Time `json:"read_at" nullable:"true"`
	CreatedAt clock.Time  `json:"created_at"`
}

func newNotificationView(n *notification) notificationView {
	return notificationView{n.ID, n.Kind, n.Title, n.Body, n.Link, n.ReadAt, n.CreatedAt}
}

type listInput struct {
	pagination.Query
	Unread bool `query:"unread" doc:"true: only those that are unread"`
}

const listNotificationsDoc = "Returns notifications, the newest first; with unread=true only those that are not read. link " +
	"is a path of the console."

// listNotifications answers GET /notifications.
func (h *handlers) listNotifications(ctx context.Context, in *listInput) (*pagination.Response[notificationView], error) {
	return pagination.List(ctx, h.cursors.NewRequest("notifications", in.Unread, in.Query),
		func(after *keyset.Position, limit int) ([]notification, error) {
			return h.service.listNotifications(ctx, in.Unread, after, limit)
		},
		pagination.ViewEach(newNotificationView),
		func(n *notification) keyset.Position { return keyset.Position{CreatedAt: n.CreatedAt, ID: n.ID} })
}

// countView is the number of unread notifications.
type countView struct {
	Count int64 `json:"count"`
}

const countUnreadDoc = "Returns how many notifications are not read, for a badge."

// countUnread answers GET /notifications/unread-count.
func (h *handlers) countUnread(ctx context.Context, _ *httpx.None) (*httpx.Response[countView], error) {
	n, err := h.service.countUnread(ctx)
	return httpx.OK(countView{n}), err
}

type idInput struct {
	ID string `path:"id"`
}

const markReadDoc = "Marks a notification of the caller as read. Doing so again changes nothing. Those of other " +
	"accounts are 404."

// markRead answers POST /notifications/{id}/read.
func (h *handlers) markRead(ctx context.Context, in *idInput) (*httpx.Empty, error) {
	return nil, h.service.markRead(ctx, in.ID)
}

const markAllReadDoc = "Marks all notifications of the caller as read."

// markAllRead answers POST /notifications/read-all.
func (h *handlers) markAllRead(ctx context.Context, _ *httpx.None) (*httpx.Empty, error) {
	return nil, h.service.markAllRead(ctx)
}
