package usersapi

import "lyceum/platform/identity"

// PermissionAccountSelf lets callers see, change and delete their own account. Module users
// declares it; routes of module auth require it, too.
var PermissionAccountSelf = identity.Permission{Name: "account:self", Lowest: RoleUser}
