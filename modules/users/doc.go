// Package users owns accounts: address, display name, role, status.
//
// Tables: users. Tells: user.registered, user.role_granted, user.email_verified, user.disabled,
// user.admin_lost, audit entries. Asks: usersapi.Passwords, and usersapi.Holder of every module.
// Answers: usersapi.Accounts, usersapi.Roles, platform/identity.Accounts.
package users
