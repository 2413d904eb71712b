package notifications

import (
	"net/http"

	"lyceum/platform/httpx"
)

func newRoutes(h *handlers) httpx.Table {
	t := httpx.Table{Module: "notifications", Routes: []httpx.Route{
		httpx.Get("/notifications", httpx.Needs(permissionReadOwn), "What the caller was told, the newest first", h.list),
		httpx.Get("/notifications/unread-count", httpx.Needs(permissionReadOwn), "How many are unread", h.unreadCount),
		httpx.Post("/notifications/{id}/read", httpx.Needs(permissionReadOwn), "Mark one as read", h.read),
		httpx.Post("/notifications/read-all", httpx.Needs(permissionReadOwn), "Mark all as read", h.readAll),
		httpx.Get("/notifications/preferences", httpx.Needs(permissionReadOwn), "How the caller wants to be told", h.preferences, httpx.ETagged()),
		httpx.Put("/notifications/preferences", httpx.Needs(permissionReadOwn), "Choose how to be told; kinds that are left out stay as they are", h.choose, httpx.Rules(checkChoose), httpx.ETagged()),
	}}
	t.Routes = append(t.Routes, h.unsubscribeRoutes()...)
	if h.service.courses != nil {
		t.Routes = append(t.Routes, httpx.Post("/courses/{id}/announcements", httpx.Needs(permissionAnnounce), "Tell all who are enrolled", h.announce, httpx.Rules(checkAnnounce),
			httpx.Idempotent(), httpx.Status(http.StatusCreated)))
	}
	return t
}
