package invites

import (
	"net/http"

	"lyceum/platform/httpx"
)

func newRoutes(h *handlers) httpx.Table {
	return httpx.Table{Module: "invites", Routes: []httpx.Route{
		httpx.Get("/admin/invites", httpx.Needs(permissionManage), "Invites, the newest first", h.list),
		httpx.Post("/admin/invites", httpx.Needs(permissionManage), "Make an invite; its code is shown this once", h.create, httpx.Rules(h.checkCreate), httpx.Idempotent(), httpx.Status(http.StatusCreated)),
		httpx.Delete("/admin/invites", httpx.Needs(permissionManage), "Revoke all invites of a batch", h.revokeBatch),
		httpx.Post("/admin/invites/batch", httpx.Needs(permissionManage), "Invite many by mail, from JSON or CSV", h.inviteAll, httpx.Rules(h.checkBatch), httpx.Idempotent(), httpx.CSVRows()),
		httpx.Get("/admin/invites/{id}", httpx.Needs(permissionManage), "One invite", h.get, httpx.ETagged()),
		httpx.Post("/admin/invites/{id}/resend", httpx.Needs(permissionManage), "Mail a new code for an invite", h.resend,
			httpx.Describe("For an invite with an address that is still open: its mail was lost. The new code goes there and is not in the answer; the old one "+
				"is void. 410 for an invite that has ended, 409 `no-email` for one without an address.")),
		httpx.Delete("/admin/invites/{id}", httpx.Needs(permissionManage), "Revoke an invite", h.revoke),
		httpx.Post("/invites/redeem", httpx.Needs(permissionRedeem), "Use a code", h.redeem),
	}}
}
