package mail

import (
	"net/http"

	"lyceum/platform/httpx"
)

func newRoutes(h *handlers) httpx.Table {
	manage := httpx.RequirePermission(permissionManage)
	accepted := httpx.DefaultStatus(http.StatusAccepted)
	return httpx.Table{Module: "mail", Routes: []httpx.Route{
		httpx.Get("/admin/emails", manage, "Mails, the newest first", h.listMails),
		httpx.Post("/admin/emails/retry", manage, "Try all mails of a status again now", h.retryMails, accepted),
		httpx.Post("/admin/emails/{id}/retry", manage, "Try a mail again now", h.retryMail, accepted),
	}}
}
