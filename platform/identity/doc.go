// Package identity says who calls and what the caller may do: roles, permissions, and the caller in
// a context.
//
//	roles         declared once by the owner of accounts (DeclareRoles); each includes the one before
//	permissions   declared by modules, each with the lowest role that has it
//	caller        found from a token by platform/tokens, carried by the context (CallerFrom)
//
// Modules own accounts and sessions. They answer the interfaces Sessions and Accounts. A permission
// decides whether a caller may use a route at all; whether the caller may touch one object is
// decided by the module that owns the object.
package identity
