package invites

import (
	"net/http"

	"lyceum/platform/httpx"
)

// newRoutes returns the routes of the module.
func newRoutes(h *handlers) httpx.Table {
	admin, redeemer := httpx.RequirePermission(permissionManage), httpx.RequirePermission(permissionRedeem)
	return httpx.Table{Module: "invites", Routes: []httpx.Route{
		httpx.Get("/admin/invites", admin, "List invites", h.list,
			httpx.DescribeOperation(listDoc)),
		httpx.Post("/admin/invites", admin, "Create an invite", h.create,
			httpx.CheckRules(h.checkCreate), httpx.WithIdempotency(), httpx.DefaultStatus(http.StatusCreated),
			httpx.DescribeOperation(createDoc)),
		httpx.Delete("/admin/invites", admin, "Revoke all invites of a batch", h.revokeBatch,
			httpx.DescribeOperation(revokeBatchDoc)),
		httpx.Post("/admin/invites/batch", admin, "Create many invites", h.createBatch,
			httpx.CheckRules(h.checkBatch), httpx.WithIdempotency(), httpx.CSVRows(),
			httpx.DescribeOperation(createBatchDoc)),

		httpx.Get("/admin/invites/{id}", admin, "Get an invite", h.get, httpx.ETagged(),
			httpx.DescribeOperation(getDoc)),
		httpx.Post("/admin/invites/{id}/resend", admin, "Send an invite again with a new code", h.resend,
			httpx.DescribeOperation(resendDescription)),
		httpx.Delete("/admin/invites/{id}", admin, "Revoke an invite", h.revoke,
			httpx.DescribeOperation(revokeDoc)),

		httpx.Post("/invites/redeem", redeemer, "Redeem an invite code", h.redeem,
			httpx.DescribeOperation(redeemDoc)),
	}}
}
