// Package auth owns how people prove who they are: passwords, sessions, refresh tokens, links sent by mail.
//
// Tables: auth_credentials, auth_sessions, auth_links. Tells: auth.new_sign_in, audit entries.
// Hears: nothing. Asks: usersapi.Accounts. Answers: platform/auth.Sessions.
//
// A session lives as long as it is refreshed at least every REFRESH_TOKEN_TTL, six times that at
// most (ASVS 7.1.1, 7.3). An access token is believed only while its session and account hold.
package auth
