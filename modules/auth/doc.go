// Package auth owns how accounts prove who they are: passwords, second factors, sessions, refresh
// tokens, links that are sent by mail, and the limits of guessing.
//
//	declarations.go  settings, permissions, audit actions and problems
//	module.go        what the module declares and provides; its files and commands
//	service.go       the Service, what all of it uses, and the removal of expired rows
//	register.go      creating and deleting an account; verifying its address
//	login.go         signing in, with a challenge if there is a second factor
//	session.go       sessions, refresh tokens, signing out
//	refresh.go       the next refresh token, and the reuse of an old one
//	passwords.go     another password, by the caller or by a link
//	email_change.go  another address by a link
//	factor.go        one-time codes and recovery codes
//	limits.go        what holds guesses and mails down
//	internal/passwordrules  what a password may be
//	internal/devices        which sign-ins come from a new device
//
// Tables: auth_credentials, auth_sessions, auth_links, auth_factors, auth_recovery_codes,
// auth_challenges, auth_failures, auth_email_changes.
//
// Publishes auth.device_added, auth.password_changed, its own auth.reset_asked, and audit entries.
// Hears user.disabled and user.email_replaced (in the transaction). Asks usersapi.Accounts,
// Registrar and Deleter, and mailapi.Mailer. Answers identity.Sessions and usersapi.Holder.
//
// A session lives as long as it is refreshed at least every REFRESH_TOKEN_TTL, and six times that
// at most (ASVS 7.1.1, 7.3). An access token is valid only while its session and its account are.
//
// Transactions lock the rows of an account in the order users, links, credentials, sessions. So a
// sign-in comes wholly before or wholly after a new password, a disabling or a deletion of the
// account.
package auth
