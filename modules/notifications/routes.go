package notifications

import (
	"net/http"

	"lyceum/platform/httpx"
)

func newRoutes(h *handlers) httpx.Table {
	t := httpx.Table{Module: "notifications", Routes: []httpx.Route{
		httpx.Get("/notifications", httpx.Users, "What the caller was told, the newest first", h.list),
		httpx.Get("/notifications/unread-count", httpx.Users, "How many are unread", h.unreadCount),
		httpx.Post("/notifications/{id}/read", httpx.Users, "Mark one as read", h.read),
		httpx.Post("/notifications/read-all", httpx.Users, "Mark all as read", h.readAll),
		httpx.Get("/notifications/preferences", httpx.Users, "How the caller wants to be told", h.preferences),
		httpx.Put("/notifications/preferences", httpx.Users, "Choose how to be told; kinds that are left out stay as they are", h.choose),
	}}
	if h.service.courses != nil {
		t.Routes = append(t.Routes, httpx.Post("/courses/{id}/announcements", httpx.Instructors, "Tell all who are enrolled", h.announce,
			httpx.Idempotent(), httpx.Status(http.StatusCreated)))
	}
	return t
}
