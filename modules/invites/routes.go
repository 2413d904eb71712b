package invites

import (
	"net/http"

	"lyceum/platform/httpx"
)

func newRoutes(h *handlers) httpx.Table {
	return httpx.Table{Module: "invites", Routes: []httpx.Route{
		httpx.Get("/admin/invites", httpx.RequirePermission(permissionManage), "Invites, the newest first", h.list),
		httpx.Post("/admin/invites", httpx.RequirePermission(permissionManage), "Make an invite; its code is shown this once", h.create, httpx.CheckRules(h.checkCreate), httpx.WithIdempotency(), httpx.DefaultStatus(http.StatusCreated)),
		httpx.Delete("/admin/invites", httpx.RequirePermission(permissionManage), "Revoke all invites of a batch", h.revokeBatch),
		httpx.Post("/admin/invites/batch", httpx.RequirePermission(permissionManage), "Invite many by mail, from JSON or CSV", h.inviteAll, httpx.CheckRules(h.checkBatch), httpx.WithIdempotency(), httpx.CSVRows()),
		httpx.Get("/admin/invites/{id}", httpx.RequirePermission(permissionManage), "One invite", h.get, httpx.ETagged()),
		httpx.Post("/admin/invites/{id}/resend", httpx.RequirePermission(permissionManage), "Mail a new code for an invite", h.resend,
			httpx.DescribeOperation("For an invite with an address that is still open: its mail was lost. The new code goes there and is not in the answer; the old one "+
				"is void. 410 for an invite that has ended, 409 `no-email` for one without an address.")),
		httpx.Delete("/admin/invites/{id}", httpx.RequirePermission(permissionManage), "Revoke an invite", h.revoke),
		httpx.Post("/invites/redeem", httpx.RequirePermission(permissionRedeem), "Use a code", h.redeem),
	}}
}
