package notifications

import (
	_ "embed"
	"net/http"

	"lyceum/platform/httpx"
)

// examples are calls of the routes, for the API document. A test sends them.
//
//go:embed examples.json
var examples []byte

// newRoutes returns the routes of the module. Announcements need module courses.
func newRoutes(h *handlers) httpx.Table {
	own, announcer := httpx.RequirePermission(permissionOwn), httpx.RequirePermission(permissionAnnounce)
	t := httpx.Table{Module: "notifications", Examples: examples, Routes: []httpx.Route{
		httpx.Get("/notifications", own, "List the caller's notifications", h.listNotifications,
			httpx.DescribeOperation(listNotificationsDoc)),
		httpx.Get("/notifications/unread-count", own, "Count unread notifications", h.countUnread,
			httpx.DescribeOperation(countUnreadDoc)),
		httpx.Post("/notifications/{id}/read", own, "Mark a notification as read", h.markRead,
			httpx.DescribeOperation(markReadDoc)),
		httpx.Post("/notifications/read-all", own, "Mark all notifications as read", h.markAllRead,
			httpx.DescribeOperation(markAllReadDoc)),

		httpx.Get("/notifications/preferences", own, "Get the caller's notification preferences", h.listPreferences,
			httpx.ETagged(),
			httpx.DescribeOperation(listPreferencesDoc)),
		httpx.Put("/notifications/preferences", own, "Update the caller's notification preferences",
			h.savePreferences, httpx.CheckRules(checkPreferencesInput), httpx.ETagged(),
			httpx.DescribeOperation(savePreferencesDoc)),
		httpx.Post(unsubscribePath+"{token}", httpx.Public, "Switch off a kind of mail by the link in it", h.unsubscribe,
			httpx.IgnoresForm(), httpx.DescribeOperation(unsubscribeDescription),
			httpx.Answers("invalid-link")),
	}}
	if h.service.courses != nil {
		t.Routes = append(t.Routes, httpx.Post("/courses/{id}/announcements", announcer,
			"Announce something to the learners of a course", h.createAnnouncement,
			httpx.CheckRules(checkAnnouncement), httpx.WithIdempotency(),
			httpx.DefaultStatus(http.StatusCreated),
			httpx.DescribeOperation(createAnnouncementDoc)))
	}
	return t
}
