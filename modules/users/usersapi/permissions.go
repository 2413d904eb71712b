package usersapi

import "lyceum/platform/identity"

// PermissionAccountSelf lets callers see, change and delete their own account. The module users declares it; auth asks for it too.
var PermissionAccountSelf = identity.Permission{Name: "account:self", Lowest: RoleUser}
