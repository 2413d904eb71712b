package httpx

import (
	"net/http"
	"strings"

	"lyceum/platform/httpx/requestinfo"

	"github.com/gofiber/fiber/v2"
)

// setSecurityHeaders sets the headers that every answer has; routes may change some.
func (s *Server) setSecurityHeaders(c *fiber.Ctx) {
	h := &c.Response().Header
	h.Set("X-Request-Id", requestinfo.FromContext(c.UserContext()).ID)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
	if strings.HasPrefix(s.o.PublicURL, "https:") {
		h.Set("Strict-Transport-Security", "max-age=63072000; includeSubDomains")
	}
}

// setCORS lets web pages of configured origins read the answer, and reports whether the request is a preflight.
// Origins match exactly (ASVS 3.4.2).
func (s *Server) setCORS(c *fiber.Ctx) (preflight bool) {
	origin := c.Get(fiber.HeaderOrigin)
	if len(s.auth.origins) > 0 {
		c.Append(fiber.HeaderVary, fiber.HeaderOrigin)
	}
	if origin == "" || !s.auth.origins[strings.ToLower(origin)] {
		return false
	}
	c.Set(fiber.HeaderAccessControlAllowOrigin, origin)
	c.Set(fiber.HeaderAccessControlExposeHeaders,
		"ETag, Link, Location, Retry-After, X-Request-Id, Idempotency-Replayed, RateLimit, RateLimit-Policy")
	if c.Method() != http.MethodOptions || c.Get(fiber.HeaderAccessControlRequestMethod) == "" {
		return false
	}
	c.Append(fiber.HeaderVary, fiber.HeaderAccessControlRequestMethod, fiber.HeaderAccessControlRequestHeaders)
	c.Set(fiber.HeaderAccessControlAllowMethods, "GET, HEAD, POST, PUT, PATCH, DELETE")
	c.Set(fiber.HeaderAccessControlAllowHeaders,
		"Authorization, Content-Type, Idempotency-Key, If-Match, If-None-Match, X-Request-Id, Accept")
	c.Set(fiber.HeaderAccessControlMaxAge, "600")
	return true
}
