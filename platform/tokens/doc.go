// Package tokens issues access tokens and finds the callers that they stand for.
//
//	Authenticator.Authenticate
//	  ├─ Tokens.VerifyToken   signature, issuer, audience, times   remembered: a signature takes 40 µs
//	  └─ CheckSession         session alive, account active, role  cached: no query while nothing changes
//
// A token is a JWT with EdDSA (RFC 8037, RFC 9068). Its claims prove who signed in; the role of the
// caller comes from the account as it is now.
package tokens
