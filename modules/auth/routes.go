package auth

import (
	"net/http"

	"lyceum/modules/users/usersapi"
	"lyceum/platform/httpx"
)

// newRoutes returns the routes of the module.
func newRoutes(h *handlers) httpx.Table {
	self := httpx.RequirePermission(usersapi.PermissionAccountSelf)
	ownSessions := httpx.RequirePermission(permissionOwnSessions)
	recovery, accepted := httpx.CountAgainst(budgetRecovery), httpx.DefaultStatus(http.StatusAccepted)
	return httpx.Table{Module: "auth", Routes: []httpx.Route{
		httpx.Post("/auth/register", httpx.Public, "Register an account", h.register,
			httpx.CheckRules(h.checkRegister), httpx.WithIdempotency(), httpx.DefaultStatus(http.StatusCreated)),
		httpx.Post("/auth/login", httpx.Public, "Log in", h.login,
			httpx.CountAgainst(budgetLogin), httpx.DescribeOperation(loginDescription)),
		httpx.Post("/auth/mfa/verify", httpx.Public, "Complete a login with a second factor", h.verifyFactor,
			httpx.CountAgainst(budgetLogin), httpx.DescribeOperation(verifyFactorDescription)),
		httpx.Post("/auth/refresh", httpx.Public, "Refresh an access token", h.refresh,
			httpx.DescribeOperation(refreshDescription)),

		httpx.Post("/auth/logout", httpx.Public, "Log out", h.logout),
		// Without a limit: somebody who has stolen a token must not keep its owner from this.
		httpx.Post("/auth/logout-all", ownSessions, "End all sessions of the caller", h.logoutAll, httpx.CountAgainstNothing()),
		httpx.Get("/auth/sessions", ownSessions, "List the caller's sessions", h.listSessions),
		httpx.Delete("/auth/sessions/{id}", ownSessions, "End a session of the caller", h.endSession),

		httpx.Post("/auth/verify-email", httpx.Public, "Verify an email address", h.verifyEmail, recovery),
		httpx.Post("/auth/verify-email/request", self, "Send the verification mail again", h.requestVerification, accepted),
		httpx.Post("/auth/password/forgot", httpx.Public, "Request a password reset link", h.requestReset,
			recovery, accepted, httpx.DescribeOperation("The answer is the same whether an account has the address or not.")),
		httpx.Post("/auth/password/reset", httpx.Public, "Reset a password",
			h.resetPassword, httpx.CheckRules(h.checkReset), recovery),
		httpx.Post("/auth/password/change", self, "Change the caller's password", h.changePassword,
			httpx.CheckRules(h.checkPasswordChange)),

		httpx.Post("/auth/mfa/totp", self, "Set up a second factor", h.beginFactor,
			httpx.DescribeOperation("Asked again before it is confirmed, it gives a new secret.")),
		httpx.Post("/auth/mfa/totp/confirm", self, "Confirm a second factor", h.confirmFactor,
			httpx.DescribeOperation("Answers ten recovery codes, which are not shown again.")),
		httpx.Delete("/auth/mfa/totp", self, "Remove the second factor", h.removeFactor),
		httpx.Post("/auth/mfa/recovery-codes", self, "Replace the recovery codes", h.renewRecoveryCodes,
			httpx.DescribeOperation("Answers ten new codes, which are not shown again. The old ones no longer work.")),

		httpx.Delete("/users/me", self, "Delete the caller's account", h.deleteCaller,
			httpx.DescribeOperation(deleteCallerDescription)),
		httpx.Post("/users/me/email", self, "Request a change of the email address", h.requestEmailChange,
			httpx.CheckRules(checkRequestEmail), accepted, httpx.DescribeOperation(requestEmailDescription)),
		httpx.Post("/users/me/email/confirm", httpx.Public, "Confirm a new email address", h.confirmEmailChange,
			recovery, httpx.DescribeOperation(confirmEmailDescription)),

		httpx.Get("/.well-known/jwks.json", httpx.Public, "Get the public signing keys", h.listKeys, httpx.ETagged()),
	}}
}

const (
	loginDescription = "With a second factor set the answer is 401 mfa-required with challenge and expires_in, for POST " +
		"/auth/mfa/verify. Ten failures for one address from one network are followed by 429 until the window ends or a new " +
		"password is set by mail; a hundred in a row from anywhere by 429 account-locked until a new password is set."
	verifyFactorDescription = "A challenge lives five minutes and takes five tries; a wrong code counts like a wrong password."
	refreshDescription      = "The parent of the newest token gets that newest one again for 10 seconds, as after a lost answer; " +
		"any older one ends the session."
)
