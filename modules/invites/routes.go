package invites

import (
	"net/http"

	"lyceum/platform/httpx"
)

func newRoutes(h *handlers) httpx.Table {
	return httpx.Table{Module: "invites", Routes: []httpx.Route{
		httpx.Get("/admin/invites", httpx.Admins, "Invites, the newest first", h.list),
		httpx.Post("/admin/invites", httpx.Admins, "Make an invite; its code is shown this once", h.create, httpx.Idempotent(), httpx.Status(http.StatusCreated)),
		httpx.Get("/admin/invites/{id}", httpx.Admins, "One invite", h.get),
		httpx.Delete("/admin/invites/{id}", httpx.Admins, "Revoke an invite", h.revoke),
		httpx.Post("/invites/redeem", httpx.Users, "Use a code", h.redeem),
	}}
}
