package invites

import (
	"net/http"

	"lyceum/platform/httpx"
	"lyceum/platform/identity"
)

func newRoutes(h *handlers) httpx.Table {
	return httpx.Table{Module: "invites", Routes: []httpx.Route{
		httpx.Get("/admin/invites", httpx.Needs(identity.InvitesManage), "Invites, the newest first", h.list),
		httpx.Post("/admin/invites", httpx.Needs(identity.InvitesManage), "Make an invite; its code is shown this once", h.create, httpx.Rules(h.checkCreate), httpx.Idempotent(), httpx.Status(http.StatusCreated)),
		httpx.Delete("/admin/invites", httpx.Needs(identity.InvitesManage), "Revoke all invites of a batch", h.revokeBatch),
		httpx.Post("/admin/invites/batch", httpx.Needs(identity.InvitesManage), "Invite many by mail, from JSON or CSV", h.inviteAll, httpx.Rules(h.checkBatch), httpx.Idempotent(), httpx.CSVRows()),
		httpx.Get("/admin/invites/{id}", httpx.Needs(identity.InvitesManage), "One invite", h.get, httpx.ETagged()),
		httpx.Post("/admin/invites/{id}/resend", httpx.Needs(identity.InvitesManage), "Mail a new code for an invite", h.resend,
			httpx.Describe("For an invite with an address that is still open: its mail was lost. The new code goes there and is not in the answer; the old one "+
				"is void. 410 for an invite that has ended, 409 `no-email` for one without an address.")),
		httpx.Delete("/admin/invites/{id}", httpx.Needs(identity.InvitesManage), "Revoke an invite", h.revoke),
		httpx.Post("/invites/redeem", httpx.Needs(identity.InvitesRedeem), "Use a code", h.redeem),
	}}
}
