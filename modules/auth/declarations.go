package auth

import (
	"net/mail"
	"time"

	"lyceum/modules/audit/auditapi"
	"lyceum/modules/users/usersapi"
	"lyceum/platform/apperr"
	"lyceum/platform/config"
	"lyceum/platform/identity"
	"lyceum/platform/limit"
)

// permissionOwnSessions lets callers list and end their own sessions.
var permissionOwnSessions = identity.Permission{Name: "sessions:self", Lowest: usersapi.RoleUser}

// auditActions are what this module writes to the audit log.
var auditActions = []auditapi.Action{
	{Name: "auth.login_succeeded", Targets: []string{"session"}},
	{Name: "auth.login_failed", Targets: []string{"user"}},
	{Name: "auth.mfa_required", Targets: []string{"user"}},
	{Name: "auth.logged_out", Targets: []string{"session", "user"}},
	{Name: "auth.refresh_reused", Targets: []string{"session"}},
	{Name: "auth.password_changed", Targets: []string{"user"}},
	{Name: "auth.password_reset", Targets: []string{"user"}},
	{Name: "auth.reset_requested", Targets: []string{"user"}},
	{Name: "auth.session_revoked", Targets: []string{"session"}},
	{Name: "auth.mfa_enabled", Targets: []string{"user"}},
	{Name: "auth.mfa_disabled", Targets: []string{"user"}},
}

// Config holds the module's settings.
type Config struct {
	RefreshTokenTTL   time.Duration `env:"REFRESH_TOKEN_TTL" envDefault:"720h"`
	AdminEmail        string        `env:"ADMIN_EMAIL"`
	AdminPassword     string        `env:"ADMIN_PASSWORD" secret:"all"`
	PasswordMinLength int           `env:"PASSWORD_MIN_LENGTH" envDefault:"8"`
	LimitAccount      limit.Rate    `env:"RATE_LIMIT_LOGIN_ACCOUNT" envDefault:"10/15m"`
	LimitAddress      limit.Rate    `env:"RATE_LIMIT_LOGIN_IP" envDefault:"300/1m"`
	LimitMail         limit.Rate    `env:"RATE_LIMIT_MAIL" envDefault:"5/1h"`
}

var settings = config.DeclareSection[Config](
	"Sign-in",
	config.Doc{
		Key:  "REFRESH_TOKEN_TTL",
		Text: "How long an unused session lasts. A session ends after six times that in any case.",
	},
	config.Doc{
		Key:  "ADMIN_EMAIL",
		Text: "An administrator who is made at the start if no account has the address. Set both or neither.",
	},
	config.Doc{Key: "ADMIN_PASSWORD", Text: "The password of that administrator."},
	config.Doc{
		Key:  "PASSWORD_MIN_LENGTH",
		Text: "8 to 64 characters. 15 is advised without second factors (NIST SP 800-63B-4).",
	},
	config.Doc{
		Key: "RATE_LIMIT_LOGIN_ACCOUNT",
		Text: "Failed sign-ins for an email address from one network (/24, /56), before it has to " +
			"wait or to set a new password. Wrong passwords and codes of a signed-in caller have the same limit, each counted apart.",
	},
	config.Doc{
		Key: "RATE_LIMIT_LOGIN_IP",
		Text: "Sign-ins from one network address, successful ones too: far above what a class behind one " +
			"address needs. Second steps count with them; links from mails have the same budget again.",
	},
	config.Doc{
		Key: "RATE_LIMIT_MAIL",
		Text: "Mails that one email address can be sent on request: resets, verifications. Beyond it the answer " +
			"is the same, and no mail goes out.",
	},
)

// Validate implements config.Validator.
func (c *Config) Validate(f *config.Faults) {
	f.CheckRange("PASSWORD_MIN_LENGTH", int64(c.PasswordMinLength), 8, 64)
	f.CheckDuration("REFRESH_TOKEN_TTL", c.RefreshTokenTTL, time.Second, 10*365*24*time.Hour)
	if (c.AdminEmail == "") != (c.AdminPassword == "") {
		f.AddLine("ADMIN_EMAIL and ADMIN_PASSWORD: only one is set, accepted is both or neither")
	}
	if c.AdminEmail != "" {
		if _, err := mail.ParseAddress(c.AdminEmail); err != nil || len(c.AdminEmail) > 254 {
			f.Add("ADMIN_EMAIL", c.AdminEmail, "a mail address")
		}
	}
}

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
		Meaning: "The code is wrong, has expired, or was used before. Wait for the next one, or use a recovery code.",
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
	errWrongCredentials   = problemInvalidCredentials.New("The email address or the password is wrong.")
	errAccountDisabled    = problemAccountDisabled.New("This account is disabled. An administrator can enable it.")
	errRefreshTokenReused = problemRefreshTokenReused.New(
		"This refresh token was used before, so its session has ended. Sign in again.")
	errLinkDone = apperr.ProblemInvalidLink.New(
		"This link was used before: the address is verified, nothing is left to do.").WithMember("done", true)
	errInvalidLink = apperr.ProblemInvalidLink.New(
		"This link was used before, has expired, or was replaced by a newer one. Request a new link.")
	errWrongPassword    = problemWrongPassword.New("The current password is wrong.")
	errWrongCode        = problemInvalidCode.New("The code is wrong, has expired, or was used before. Try the next one.")
	errFactorRequired   = problemMfaRequired.New("Send the challenge with a code to POST /auth/mfa/verify.")
	errInvalidChallenge = apperr.ProblemInvalidToken.New("This challenge was used, has expired, or is unknown. Sign in again.")
	errFactorSet        = problemMfaAlreadySet.New("A second factor is set already. Remove it before you set up another.")
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
