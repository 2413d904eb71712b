package users

import "lyceum/platform/httpx"

func newRoutes(h *handlers) httpx.Table {
	return httpx.Table{Module: "users", Routes: []httpx.Route{
		httpx.Get("/users/me", httpx.Users, "The caller's account", h.me),
		httpx.Patch("/users/me", httpx.Users, "Change one's display name", h.patchMe),
		httpx.Get("/admin/users", httpx.Admins, "Accounts, the newest first", h.list),
		httpx.Get("/admin/users/{id}", httpx.Admins, "One account", h.get),
		httpx.Patch("/admin/users/{id}", httpx.Admins, "Change role, status or name", h.patch),
	}}
}
