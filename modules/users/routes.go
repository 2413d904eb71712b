package users

import (
	_ "embed"

	"lyceum/modules/users/usersapi"
	"lyceum/platform/httpx"
)

// examples are calls of the routes, for the API document. A test sends them.
//
//go:embed examples.json
var examples []byte

// newRoutes returns the routes of the module. DELETE /users/me is a route of module auth, which
// checks the caller's password.
func newRoutes(h *handlers) httpx.Table {
	self, admin := httpx.RequirePermission(usersapi.PermissionAccountSelf), httpx.RequirePermission(permissionManage)
	return httpx.Table{Module: "users", Examples: examples, Routes: []httpx.Route{
		httpx.Get("/users/me", self, "Get the caller's account", h.getMe, httpx.ETagged(),
			httpx.DescribeOperation(getMeDoc)),
		httpx.Patch("/users/me", self, "Update the caller's account", h.patchMe,
			httpx.ETagged(), httpx.CheckRules(checkPatchMe),
			httpx.DescribeOperation(patchMeDoc)),
		httpx.Get("/users/me/export", self, "Export all data about the caller", h.exportMe,
			httpx.DescribeOperation(exportDescription), httpx.ProducesStream("application/json", "The file")),

		httpx.Get("/admin/users", admin, "List accounts", h.listAccounts,
			httpx.DescribeOperation(listAccountsDoc)),
		httpx.Get("/admin/users/{id}", admin, "Get an account", h.getAccount, httpx.ETagged(),
			httpx.DescribeOperation(getAccountDoc)),
		httpx.Patch("/admin/users/{id}", admin, "Update an account", h.patchAccount,
			httpx.ETagged(), httpx.CheckRules(checkPatch),
			httpx.DescribeOperation(patchAccountDoc),
			httpx.Answers("email-taken", "last-admin")),
		httpx.Delete("/admin/users/{id}", admin, "Delete an account", h.deleteAccount,
			httpx.DescribeOperation(deleteDescription),
			httpx.Answers("last-admin")),
	}}
}
