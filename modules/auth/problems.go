package auth

import "lyceum/platform/apperr"

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
var problems = []apperr.Problem{problemInvalidCredentials, problemAccountDisabled, problemRefreshTokenReused, problemWrongPassword, problemInvalidCode, problemMfaRequired, problemMfaAlreadySet, problemAccountLocked}
