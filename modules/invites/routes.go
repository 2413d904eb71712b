package invites

import (
	_ "embed"
	"net/http"

	"lyceum/platform/httpx"
)

// examples are calls of the routes, for the API document. A test sends them.
//
//go:embed examples.json
var examples []byte

// newRoutes returns the routes of the module.
func newRoutes(h *handlers) httpx.Table {
	admin, redeemer := httpx.RequirePermission(permissionManage), httpx.RequirePermission(permissionRedeem)
	return httpx.Table{Module: "invites", Examples: examples, Routes: []httpx.Route{
		httpx.Get("/admin/invites", admin, "List invites", h.list,
			httpx.DescribeOperation(listDoc)),
		httpx.Post("/admin/invites", admin, "Create an invite", h.create,
			httpx.CheckRules(h.checkCreate), httpx.WithIdempotency(), httpx.DefaultStatus(http.StatusCreated),
			httpx.DescribeOperation(createDoc),
			httpx.Answers("course-archived")),
		httpx.Delete("/admin/invites", admin, "Revoke all invites of a batch", h.revokeBatch,
			httpx.DescribeOperation(revokeBatchDoc),
			httpx.Answers("not-found")),
		httpx.Post("/admin/invites/batch", admin, "Create many invites", h.createBatch,
			httpx.CheckRules(h.checkBatch), httpx.WithIdempotency(), httpx.CSVRows(),
			httpx.DescribeOperation(createBatchDoc),
			httpx.Answers("course-archived")),

		httpx.Get("/admin/invites/{id}", admin, "Get an invite", h.get, httpx.ETagged(),
			httpx.DescribeOperation(getDoc)),
		httpx.Post("/admin/invites/{id}/resend", admin, "Send an invite again with a new code", h.resend,
			httpx.DescribeOperation(resendDescription),
			httpx.Answers("invite-exhausted", "invite-expired", "invite-revoked", "no-email")),
		httpx.Delete("/admin/invites/{id}", admin, "Revoke an invite", h.revoke,
			httpx.DescribeOperation(revokeDoc)),

		httpx.Post("/invites/redeem", redeemer, "Redeem an invite code", h.redeem,
			httpx.DescribeOperation(redeemDoc),
			httpx.Answers("invite-exhausted", "invite-expired", "invite-revoked", "invite-wrong-address", "not-found")),
	}}
}
