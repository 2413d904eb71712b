package auth

import "lyceum/platform/apperr"

var (
	errCredentials = apperr.New(401, "invalid-credentials", "The address and the password do not belong together.")
	errDisabled    = apperr.New(403, "account-disabled", "This account is disabled.")
	errReused      = apperr.New(401, "refresh-token-reused", "This refresh token was spent already; its session is ended.")
	errLink        = apperr.New(422, "invalid-link", "The link is used, too old, or replaced by a newer one.")
	errNoSession   = apperr.NotFound("You have no such session.")
)
