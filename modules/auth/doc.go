// Package auth owns how people prove who they are: passwords, second factors, sessions, refresh tokens,
// links sent by mail, and what holds guesses down.
//
// Tables: auth_credentials, auth_sessions, auth_links, auth_factors, auth_recovery_codes, auth_challenges,
// auth_failures. Tells: auth.new_sign_in, auth.password_changed, audit entries. Hears: user.disabled (InTx),
// and its own auth.reset_asked. Asks: usersapi.Accounts. Answers: platform/identity.Sessions,
// usersapi.Passwords, usersapi.Holder.
//
// A session lives as long as it is refreshed at least every REFRESH_TOKEN_TTL, six times that at
// most (ASVS 7.1.1, 7.3). An access token is believed only while its session and account hold.
//
// Rows of one account are locked in the order users, links, credentials, sessions, so that a sign-in comes
// wholly before or after a new password, a disabling or a deletion of the same account.
package auth
