package auth

import (
	"time"

	"lyceum/platform/apperr"
)

var (
	errCredentials = apperr.New(401, "invalid-credentials", "The address and the password do not belong together.")
	errDisabled    = apperr.New(403, "account-disabled", "This account is disabled.")
	errReused      = apperr.New(401, "refresh-token-reused", "This refresh token was spent already; its session is ended.")
	errLinkDone    = apperr.New(422, "invalid-link", "This link was used before: the address is confirmed, nothing is left to do.").With("done", true)
	errLink        = apperr.New(422, "invalid-link", "The link is used, too old, or replaced by a newer one.")
	errPassword    = apperr.New(403, "wrong-password", "The current password is wrong.")
	errCode        = apperr.New(401, "invalid-code", "The code is wrong, too old, or used.")
	errMFA         = apperr.New(401, "mfa-required", "Send the challenge with a code to POST /auth/mfa/verify.")
	errChallenge   = apperr.New(401, "invalid-token", "The challenge is used, too old, or none; sign in again.")
	errMFASet      = apperr.Conflict("mfa-already-set", "A second factor is set; remove it first.")
	errNoMFA       = apperr.NotFound("No second factor is set, and none is being set up.")
	errNoSession   = apperr.NotFound("You have no such session.")
	errLocked      = locked()
)

// locked says when to look again, as every 429 does, though only a new password opens the account.
func locked() *apperr.Error {
	e := apperr.New(429, "account-locked", "Too many sign-ins in a row have failed for this address. Set a new password by mail.")
	e.RetryAfter = time.Hour
	return e
}
