package notifications

import (
	"net/http"

	"lyceum/platform/httpx"
)

func newRoutes(h *handlers) httpx.Table {
	t := httpx.Table{Module: "notifications", Routes: []httpx.Route{
		httpx.Get("/notifications", httpx.RequirePermission(permissionReadOwn), "What the caller was told, the newest first", h.list),
		httpx.Get("/notifications/unread-count", httpx.RequirePermission(permissionReadOwn), "How many are unread", h.unreadCount),
		httpx.Post("/notifications/{id}/read", httpx.RequirePermission(permissionReadOwn), "Mark one as read", h.read),
		httpx.Post("/notifications/read-all", httpx.RequirePermission(permissionReadOwn), "Mark all as read", h.readAll),
		httpx.Get("/notifications/preferences", httpx.RequirePermission(permissionReadOwn), "How the caller wants to be told", h.preferences, httpx.ETagged()),
		httpx.Put("/notifications/preferences", httpx.RequirePermission(permissionReadOwn), "Choose how to be told; kinds that are left out stay as they are", h.choose, httpx.CheckRules(checkChoose), httpx.ETagged()),
	}}
	t.Routes = append(t.Routes, h.unsubscribeRoutes()...)
	if h.service.courses != nil {
		t.Routes = append(t.Routes, httpx.Post("/courses/{id}/announcements", httpx.RequirePermission(permissionAnnounce), "Tell all who are enrolled", h.announce, httpx.CheckRules(checkAnnounce),
			httpx.WithIdempotency(), httpx.DefaultStatus(http.StatusCreated)))
	}
	return t
}
