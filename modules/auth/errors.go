package auth

import (
	"time"

	"lyceum/platform/apperr"
)

var (
	errCredentials = problemInvalidCredentials.New("The address and the password do not belong together.")
	errDisabled    = problemAccountDisabled.New("This account is disabled.")
	errReused      = problemRefreshTokenReused.New("This refresh token was spent already; its session is ended.")
	errLinkDone    = apperr.ProblemInvalidLink.New("This link was used before: the address is confirmed, nothing is left to do.").WithMember("done", true)
	errLink        = apperr.ProblemInvalidLink.New("The link is used, too old, or replaced by a newer one.")
	errPassword    = problemWrongPassword.New("The current password is wrong.")
	errCode        = problemInvalidCode.New("The code is wrong, too old, or used.")
	errMFA         = problemMfaRequired.New("Send the challenge with a code to POST /auth/mfa/verify.")
	errChallenge   = apperr.ProblemInvalidToken.New("The challenge is used, too old, or none; sign in again.")
	errMFASet      = problemMfaAlreadySet.New("A second factor is set; remove it first.")
	errNoMFA       = apperr.NotFound("No second factor is set, and none is being set up.")
	errNoSession   = apperr.NotFound("You have no such session.")
	errLocked      = locked()
)

// locked says when to look again, as every 429 does, though only a new password opens the account.
func locked() *apperr.Error {
	e := problemAccountLocked.New("Too many sign-ins in a row have failed for this address. Set a new password by mail.")
	e.RetryAfter = time.Hour
	return e
}
