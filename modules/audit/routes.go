package audit

import (
	"lyceum/platform/auth"
	"lyceum/platform/httpx"
)

func newRoutes(h *handlers) httpx.Table {
	return httpx.Table{Module: "audit", Routes: []httpx.Route{
		httpx.Get("/admin/audit-logs", httpx.Needs(auth.AuditRead), "Entries, the newest first", h.list),
		httpx.Get("/admin/audit-logs/verify", httpx.Needs(auth.AuditRead), "Check the whole chain", h.verify),
	}}
}
