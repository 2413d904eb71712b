package users

import (
	"lyceum/modules/users/usersapi"
	"lyceum/platform/httpx"
)

// newRoutes returns the routes of the module. DELETE /users/me is a route of module auth, which
// checks the caller's password.
func newRoutes(h *handlers) httpx.Table {
	self, admin := httpx.RequirePermission(usersapi.PermissionAccountSelf), httpx.RequirePermission(permissionManage)
	return httpx.Table{Module: "users", Routes: []httpx.Route{
		httpx.Get("/users/me", self, "The caller's account", h.getMe, httpx.ETagged()),
		httpx.Patch("/users/me", self, "Change one's display name", h.patchMe,
			httpx.ETagged(), httpx.CheckRules(checkPatchMe)),
		httpx.Get("/users/me/export", self, "Everything that is held about the caller", h.exportMe,
			httpx.DescribeOperation(exportDescription), httpx.ProducesStream("application/json", "The file")),

		httpx.Get("/admin/users", admin, "Accounts, the newest first", h.listAccounts),
		httpx.Get("/admin/users/{id}", admin, "One account", h.getAccount, httpx.ETagged()),
		httpx.Patch("/admin/users/{id}", admin, "Change role, status or name", h.patchAccount,
			httpx.ETagged(), httpx.CheckRules(checkPatch)),
		httpx.Delete("/admin/users/{id}", admin, "Delete an account, for good", h.deleteAccount,
			httpx.DescribeOperation(deleteDescription)),
	}}
}
