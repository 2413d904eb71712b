package invites

import (
	"net/http"

	"lyceum/platform/httpx"
)

// newRoutes returns the routes of the module.
func newRoutes(h *handlers) httpx.Table {
	admin, redeemer := httpx.RequirePermission(permissionManage), httpx.RequirePermission(permissionRedeem)
	return httpx.Table{Module: "invites", Routes: []httpx.Route{
		httpx.Get("/admin/invites", admin, "Invites, the newest first", h.list),
		httpx.Post("/admin/invites", admin, "Make an invite; its code is shown this once", h.create,
			httpx.CheckRules(h.checkCreate), httpx.WithIdempotency(), httpx.DefaultStatus(http.StatusCreated)),
		httpx.Delete("/admin/invites", admin, "Revoke all invites of a batch", h.revokeBatch),
		httpx.Post("/admin/invites/batch", admin, "Invite many by mail, from JSON or CSV", h.createBatch,
			httpx.CheckRules(h.checkBatch), httpx.WithIdempotency(), httpx.CSVRows()),

		httpx.Get("/admin/invites/{id}", admin, "One invite", h.get, httpx.ETagged()),
		httpx.Post("/admin/invites/{id}/resend", admin, "Mail a new code for an invite", h.resend,
			httpx.DescribeOperation(resendDescription)),
		httpx.Delete("/admin/invites/{id}", admin, "Revoke an invite", h.revoke),

		httpx.Post("/invites/redeem", redeemer, "Use a code", h.redeem),
	}}
}
