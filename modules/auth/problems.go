package auth

import (
	"time"

	"lyceum/platform/apperr"
)

// The problems that only this module meets.
var (
	problemInvalidCredentials = apperr.Problem{
		Kind: apperr.KindUnauthenticated, Code: "invalid-credentials", Title: "Wrong address or password",
		Meaning: "The email address and the password do not belong together. Check both and try again; whether the " +
			"address is known is not told.",
	}
	problemAccountDisabled = apperr.Problem{
		Kind: apperr.KindForbidden, Code: "account-disabled", Title: "Account disabled",
		Meaning: "An administrator has disabled this account. Write to the people who run this site.",
	}
	problemRefreshTokenReused = apperr.Problem{
		Kind: apperr.KindUnauthenticated, Code: "refresh-token-reused", Title: "Refresh token reused",
		Meaning: "A refresh token was used twice, which may mean that somebody has copied it. The session was ended " +
			"to be safe. Sign in again.",
	}
	problemWrongPassword = apperr.Problem{
		Kind: apperr.KindForbidden, Code: "wrong-password", Title: "Wrong password",
		Meaning: "For this your account's present password is needed, and another one was given.",
	}
	problemInvalidCode = apperr.Problem{
		Kind: apperr.KindUnauthenticated, Code: "invalid-code", Title: "Wrong code",
		Meaning: "The code is wrong, too old, or was used already. Wait for the next one, or use a recovery code.",
	}
	problemMfaRequired = apperr.Problem{
		Kind: apperr.KindUnauthenticated, Code: "mfa-required", Title: "Second step needed",
		Meaning: "The password is right. Send challenge with a code of the authenticator app, or a recovery code, to " +
			"POST /auth/mfa/verify within expires_in seconds.",
	}
	problemMfaAlreadySet = apperr.Problem{
		Kind: apperr.KindConflict, Code: "mfa-already-set", Title: "Second factor is set",
		Meaning: "Your account has a second factor already. Remove it before you set up another.",
	}
	problemAccountLocked = apperr.Problem{
		Kind: apperr.KindRateLimited, Code: "account-locked", Title: "Account locked",
		Meaning: "A hundred sign-ins in a row failed for this address. Set a new password with \"Forgot your " +
			"password?\"; that opens the account again.",
	}
)

// problems lists the problems that this module declares.
var problems = []apperr.Problem{
	problemInvalidCredentials, problemAccountDisabled, problemRefreshTokenReused, problemWrongPassword,
	problemInvalidCode, problemMfaRequired, problemMfaAlreadySet, problemAccountLocked,
}

var (
	errWrongCredentials   = problemInvalidCredentials.New("The address and the password do not belong together.")
	errAccountDisabled    = problemAccountDisabled.New("This account is disabled.")
	errRefreshTokenReused = problemRefreshTokenReused.New("This refresh token was spent already; its session is ended.")
	errLinkDone           = apperr.ProblemInvalidLink.New("This link was used before: the address is confirmed, nothing is left to do.").WithMember("done",
		true)
	errInvalidLink      = apperr.ProblemInvalidLink.New("The link is used, too old, or replaced by a newer one.")
	errWrongPassword    = problemWrongPassword.New("The current password is wrong.")
	errWrongCode        = problemInvalidCode.New("The code is wrong, too old, or used.")
	errFactorRequired   = problemMfaRequired.New("Send the challenge with a code to POST /auth/mfa/verify.")
	errInvalidChallenge = apperr.ProblemInvalidToken.New("The challenge is used, too old, or none; sign in again.")
	errFactorSet        = problemMfaAlreadySet.New("A second factor is set; remove it first.")
	errNoFactor         = apperr.NotFound("No second factor is set, and none is being set up.")
	errNoSession        = apperr.NotFound("You have no such session.")
	errAccountLocked    = newLockedError()
)

// newLockedError says when to look again, as every 429 does, though only a new password opens the
// account.
func newLockedError() *apperr.Error {
	e := problemAccountLocked.New("Too many sign-ins in a row have failed for this address. Set a new password by mail.")
	e.RetryAfter = time.Hour
	return e
}
