package mail

import (
	"net/http"

	"lyceum/platform/httpx"
)

func newRoutes(h *handlers) httpx.Table {
	manage := httpx.RequirePermission(permissionManage)
	accepted := httpx.DefaultStatus(http.StatusAccepted)
	return httpx.Table{Module: "mail", Routes: []httpx.Route{
		httpx.Get("/admin/emails", manage, "List mails", h.listMails,
			httpx.DescribeOperation(listMailsDoc)),
		httpx.Post("/admin/emails/retry", manage, "Retry all mails of a status", h.retryMails, accepted,
			httpx.DescribeOperation(retryMailsDoc)),
		httpx.Post("/admin/emails/{id}/retry", manage, "Retry a mail", h.retryMail, accepted,
			httpx.DescribeOperation(retryMailDoc)),
	}}
}
