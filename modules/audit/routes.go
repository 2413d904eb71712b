package audit

import "lyceum/platform/httpx"

func newRoutes(h *handlers) httpx.Table {
	return httpx.Table{Module: "audit", Routes: []httpx.Route{
		httpx.Get("/admin/audit-logs", httpx.Admins, "Entries, the newest first", h.list),
		httpx.Get("/admin/audit-logs/verify", httpx.Admins, "Check the whole chain", h.verify),
	}}
}
