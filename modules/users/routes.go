package users

import (
	"lyceum/modules/users/usersapi"
	"lyceum/platform/httpx"
)

func newRoutes(h *handlers) httpx.Table {
	return httpx.Table{Module: "users", Routes: []httpx.Route{
		httpx.Get("/users/me", httpx.RequirePermission(usersapi.PermissionAccountSelf), "The caller's account", h.me, httpx.ETagged()),
		httpx.Patch("/users/me", httpx.RequirePermission(usersapi.PermissionAccountSelf), "Change one's display name", h.patchMe, httpx.ETagged(), httpx.CheckRules(checkPatchMe)),
		httpx.Delete("/users/me", httpx.RequirePermission(usersapi.PermissionAccountSelf), "Delete one's account, for good", h.removeMe, httpx.DescribeOperation(removeDoc)),
		httpx.Get("/users/me/export", httpx.RequirePermission(usersapi.PermissionAccountSelf), "Everything that is held about the caller", h.export, httpx.DescribeOperation(exportDoc),
			httpx.ProducesStream("application/json", "The file")),
		httpx.Get("/admin/users", httpx.RequirePermission(permissionManage), "Accounts, the newest first", h.list),
		httpx.Get("/admin/users/{id}", httpx.RequirePermission(permissionManage), "One account", h.get, httpx.ETagged()),
		httpx.Patch("/admin/users/{id}", httpx.RequirePermission(permissionManage), "Change role, status or name", h.patch, httpx.ETagged(), httpx.CheckRules(checkPatch)),
		httpx.Delete("/admin/users/{id}", httpx.RequirePermission(permissionManage), "Delete an account, for good", h.remove, httpx.DescribeOperation(removeDoc)),
	}}
}

const (
	removeDoc = "Each module erases or anonymises its part: courses and messages stay under the name Deleted user. " +
		"Audit entries stay under an id that names nobody. The address is free again. The last active administrator can't be deleted."
	exportDoc = "A file: one JSON object with exported_at, account, and under the name of each module its lists of records. " +
		"It is written while it is read; a connection that ends early means that it is not whole."
)
