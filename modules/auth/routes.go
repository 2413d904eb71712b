package auth

import (
	"net/http"

	"lyceum/platform/httpx"
)

func newRoutes(h *handlers) httpx.Table {
	return httpx.Table{Module: "auth", Routes: []httpx.Route{
		httpx.Post("/auth/register", httpx.Public, "Make an account", h.register, httpx.Idempotent(), httpx.Status(http.StatusCreated)),
		httpx.Post("/auth/login", httpx.Public, "Open a session", h.login),
		httpx.Post("/auth/refresh", httpx.Public, "Spend a refresh token for the next", h.refresh),
		httpx.Post("/auth/logout", httpx.Public, "End the session of a refresh token", h.logout),
		httpx.Post("/auth/logout-all", httpx.Users, "End all own sessions", h.logoutAll),
		httpx.Get("/auth/sessions", httpx.Users, "Own sessions, the newest first", h.sessions),
		httpx.Delete("/auth/sessions/{id}", httpx.Users, "End one own session", h.endSession),
		httpx.Post("/auth/verify-email", httpx.Public, "Spend a verification link", h.verifyEmail),
		httpx.Post("/auth/verify-email/request", httpx.Users, "Send the verification mail again", h.requestVerification, httpx.Status(http.StatusAccepted)),
		httpx.Get("/.well-known/jwks.json", httpx.Public, "Public signing keys (RFC 7517)", h.jwks),
	}}
}
