package mail

import (
	_ "embed"
	"net/http"

	"lyceum/platform/httpx"
)

// examples are calls of the routes, for the API document. A test sends them.
//
//go:embed examples.json
var examples []byte

func newRoutes(h *handlers) httpx.Table {
	manage := httpx.RequirePermission(permissionManage)
	accepted := httpx.DefaultStatus(http.StatusAccepted)
	return httpx.Table{Module: "mail", Examples: examples, Routes: []httpx.Route{
		httpx.Get("/admin/emails", manage, "List mails", h.listMails,
			httpx.DescribeOperation(listMailsDoc)),
		httpx.Post("/admin/emails/retry", manage, "Retry all mails of a status", h.retryMails, accepted,
			httpx.DescribeOperation(retryMailsDoc)),
		httpx.Post("/admin/emails/{id}/retry", manage, "Retry a mail", h.retryMail, accepted,
			httpx.DescribeOperation(retryMailDoc),
			httpx.Answers("email-sent")),
	}}
}
