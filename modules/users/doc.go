// Package users owns accounts: address, display name, role, status.
//
// Tables: users. Tells: user.registered, user.role_granted, user.email_verified, user.admin_lost, audit entries. Asks: nobody.
// Answers: usersapi.Accounts, usersapi.Roles, platform/auth.Accounts.
package users
