package notifications

import (
	"net/http"

	"lyceum/platform/httpx"
)

// newRoutes returns the routes of the module. Announcements need module courses.
func newRoutes(h *handlers) httpx.Table {
	own, announcer := httpx.RequirePermission(permissionOwn), httpx.RequirePermission(permissionAnnounce)
	t := httpx.Table{Module: "notifications", Routes: []httpx.Route{
		httpx.Get("/notifications", own, "What the caller was told, the newest first", h.listNotifications),
		httpx.Get("/notifications/unread-count", own, "How many are unread", h.countUnread),
		httpx.Post("/notifications/{id}/read", own, "Mark one as read", h.markRead),
		httpx.Post("/notifications/read-all", own, "Mark all as read", h.markAllRead),

		httpx.Get("/notifications/preferences", own, "How the caller wants to be told", h.listPreferences,
			httpx.ETagged()),
		httpx.Put("/notifications/preferences", own, "Choose how to be told; kinds that are left out stay as they are",
			h.savePreferences, httpx.CheckRules(checkPreferencesInput), httpx.ETagged()),
		httpx.Post(unsubscribePath+"{token}", httpx.Public, "Switch off a kind of mail by the link in it", h.unsubscribe,
			httpx.IgnoresForm(), httpx.DescribeOperation(unsubscribeDescription)),
	}}
	if h.service.courses != nil {
		t.Routes = append(t.Routes, httpx.Post("/courses/{id}/announcements", announcer, "Tell all who are enrolled",
			h.createAnnouncement, httpx.CheckRules(checkAnnouncement), httpx.WithIdempotency(),
			httpx.DefaultStatus(http.StatusCreated)))
	}
	return t
}
