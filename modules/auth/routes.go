package auth

import (
	_ "embed"
	"net/http"
	"slices"

	"lyceum/modules/users/usersapi"
	"lyceum/platform/httpx"
)

// examples are calls of the routes, for the API document. A test sends them.
//
//go:embed examples.json
var examples []byte

// newRoutes returns the routes of the module.
func newRoutes(h *handlers) httpx.Table {
	return httpx.Table{Module: "auth", Examples: examples, Routes: slices.Concat(
		newSignInRoutes(h),
		newSessionRoutes(h),
		newRecoveryRoutes(h),
		newFactorRoutes(h),
		newAccountRoutes(h),
		newKeyRoutes(h),
	)}
}

// newSignInRoutes returns the routes that sign in.
func newSignInRoutes(h *handlers) []httpx.Route {
	return []httpx.Route{
		httpx.Post("/auth/register", httpx.Public, "Register an account", h.register,
			httpx.CheckRules(h.checkRegister), httpx.WithIdempotency(), httpx.DefaultStatus(http.StatusCreated),
			httpx.DescribeOperation(registerDoc),
			httpx.Answers("email-taken")),
		httpx.Post("/auth/login", httpx.Public, "Log in", h.login,
			httpx.CountAgainst(budgetLogin), httpx.DescribeOperation(loginDescription),
			httpx.Answers("account-disabled", "account-locked", "invalid-credentials", "mfa-required")),
		httpx.Post("/auth/mfa/verify", httpx.Public, "Complete a login with a second factor", h.verifyFactor,
			httpx.CountAgainst(budgetLogin), httpx.DescribeOperation(verifyFactorDescription),
			httpx.Answers("account-disabled", "account-locked", "invalid-code", "invalid-credentials", "invalid-token")),
		httpx.Post("/auth/refresh", httpx.Public, "Refresh an access token", h.refresh,
			httpx.DescribeOperation(refreshDescription),
			httpx.Answers("invalid-token", "refresh-token-reused")),
	}
}

// newSessionRoutes returns the routes of sessions.
func newSessionRoutes(h *handlers) []httpx.Route {
	own := httpx.RequirePermission(permissionOwnSessions)
	return []httpx.Route{
		httpx.Post("/auth/logout", httpx.Public, "Log out", h.logout,
			httpx.DescribeOperation(logoutDoc)),
		// Without a limit: somebody who has stolen a token must not keep its owner from this.
		httpx.Post("/auth/logout-all", own, "End all sessions of the caller", h.logoutAll,
			httpx.CountAgainstNothing(),
			httpx.DescribeOperation(logoutAllDoc)),
		httpx.Get("/auth/sessions", own, "List the caller's sessions", h.listSessions,
			httpx.DescribeOperation(listSessionsDoc)),
		httpx.Delete("/auth/sessions/{id}", own, "End a session of the caller", h.endSession,
			httpx.DescribeOperation(endSessionDoc)),
	}
}

// newRecoveryRoutes returns the routes of passwords, and of links that mails bring.
func newRecoveryRoutes(h *handlers) []httpx.Route {
	self := httpx.RequirePermission(usersapi.PermissionAccountSelf)
	recovery := httpx.CountAgainst(budgetRecovery)
	accepted := httpx.DefaultStatus(http.StatusAccepted)
	return []httpx.Route{
		httpx.Post("/auth/verify-email", httpx.Public, "Verify an email address", h.verifyEmail, recovery,
			httpx.DescribeOperation(verifyEmailDoc),
			httpx.Answers("invalid-link")),
		httpx.Post("/auth/verify-email/request", self, "Send the verification mail again", h.requestVerification,
			accepted,
			httpx.DescribeOperation(requestVerificationDoc)),
		httpx.Post("/auth/password/forgot", httpx.Public, "Request a password reset link", h.requestReset,
			recovery, accepted, httpx.DescribeOperation("Mails a link that sets a new password, for an hour. The answer is the same "+
				"whether an account has the address or not.")),
		httpx.Post("/auth/password/reset", httpx.Public, "Reset a password",
			h.resetPassword, httpx.CheckRules(h.checkReset), recovery,
			httpx.DescribeOperation(resetPasswordDoc),
			httpx.Answers("invalid-link")),
		httpx.Post("/auth/password/change", self, "Change the caller's password", h.changePassword,
			httpx.CheckRules(h.checkPasswordChange),
			httpx.DescribeOperation(changePasswordDoc),
			httpx.Answers("wrong-password")),
	}
}

// newFactorRoutes returns the routes of the second factor.
func newFactorRoutes(h *handlers) []httpx.Route {
	self := httpx.RequirePermission(usersapi.PermissionAccountSelf)
	return []httpx.Route{
		httpx.Post("/auth/mfa/totp", self, "Set up a second factor", h.beginFactor,
			httpx.DescribeOperation("Returns a secret for an authenticator app. The factor is off until it is confirmed; "+
				"asked again before that, the operation returns another secret."),
			httpx.Answers("mfa-already-set")),
		httpx.Post("/auth/mfa/totp/confirm", self, "Confirm a second factor", h.confirmFactor,
			httpx.DescribeOperation("Turns the second factor on with a first code, and returns ten recovery codes, which "+
				"are not shown again."),
			httpx.Answers("invalid-code", "mfa-already-set", "not-found")),
		httpx.Delete("/auth/mfa/totp", self, "Remove the second factor", h.removeFactor,
			httpx.DescribeOperation(removeFactorDoc),
			httpx.Answers("not-found", "wrong-password")),
		httpx.Post("/auth/mfa/recovery-codes", self, "Replace the recovery codes", h.renewRecoveryCodes,
			httpx.DescribeOperation("Returns ten new codes, which are not shown again. The old ones no longer work."),
			httpx.Answers("not-found", "wrong-password")),
	}
}

// newAccountRoutes returns the routes that change the caller's account.
func newAccountRoutes(h *handlers) []httpx.Route {
	self := httpx.RequirePermission(usersapi.PermissionAccountSelf)
	recovery := httpx.CountAgainst(budgetRecovery)
	accepted := httpx.DefaultStatus(http.StatusAccepted)
	return []httpx.Route{
		httpx.Delete("/users/me", self, "Delete the caller's account", h.deleteCaller,
			httpx.DescribeOperation(deleteCallerDescription),
			httpx.Answers("last-admin", "wrong-password")),
		httpx.Post("/users/me/email", self, "Request a change of the email address", h.requestEmailChange,
			httpx.CheckRules(checkRequestEmail), accepted, httpx.DescribeOperation(requestEmailDescription),
			httpx.Answers("wrong-password")),
		httpx.Post("/users/me/email/confirm", httpx.Public, "Confirm a new email address", h.confirmEmailChange,
			recovery, httpx.DescribeOperation(confirmEmailDescription),
			httpx.Answers("email-taken", "invalid-link")),
	}
}

// newKeyRoutes returns the routes of the public keys.
func newKeyRoutes(h *handlers) []httpx.Route {
	return []httpx.Route{
		httpx.Get("/.well-known/jwks.json", httpx.Public, "Get the public signing keys", h.listKeys, httpx.ETagged(),
			httpx.DescribeOperation(listKeysDoc)),
	}
}

const (
	loginDescription = "Returns an access token and a refresh token. An account with a second factor gets 401 mfa-required " +
		"with challenge and expires_in instead, for POST /auth/mfa/verify. Ten failures for one address from one network " +
		"are followed by 429 until the window ends or a new password is set by mail; a hundred in a row from anywhere by " +
		"429 account-locked until a new password is set."
	verifyFactorDescription = "Takes the challenge of a login and a code of the authenticator app, or a recovery code, and " +
		"returns the tokens. A challenge lives five minutes and takes five tries; a wrong code counts like a wrong password."
	refreshDescription = "Returns a new access token and the next refresh token for the newest one of a session. The token " +
		"before it gets the newest one again for 10 seconds, as after a lost answer; any older one ends the session."
)
