// Package tokens issues access tokens and finds the callers that they stand for.
//
//	Verify        signature, issuer, audience, times     remembered: a signature costs 40 µs of CPU to check
//	  └▶ Still    session alive? account active? role?   cached: no query while nothing changes
//
// A token is a JWT with EdDSA (RFC 8037, RFC 9068). Its claims prove who signed in; the role of the
// caller comes from the account as it is now.
package tokens
