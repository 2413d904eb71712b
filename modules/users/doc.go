// Package users owns accounts: their address, display name, role and status. How accounts sign in
// is the subject of module auth, which asks this one and is not known here.
//
//	account.go    the account and its rules
//	service.go    creating accounts, and the one way to change one
//	directory.go  looking accounts up
//	update.go     changes by administrators and by the owner
//	deletion.go   deleting an account in all modules
//	export.go     the file of everything that all modules hold about an account
//
// Tables: users.
//
// Publishes user.registered, user.email_verified, user.email_replaced, user.role_granted,
// user.disabled, user.admin_lost and user.deleted, and audit entries. Hears its own user.deleted.
//
// Asks every usersapi.Holder. Answers usersapi.Accounts, Registrar, AddressVerifier, Roles and
// Deleter, and identity.Accounts.
package users
