package httpx

import (
	"bytes"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"sync/atomic"

	"lyceum/platform/apperr"

	"github.com/gofiber/fiber/v2"
)

// hostIndex is the place of the host in headersOnce.
const hostIndex = 0

// headersOnce are headers that a request may have only once, beside those of its framing.
var headersOnce = [...][]byte{[]byte("host"), []byte("authorization"), []byte("content-type")}

// checkFraming refuses requests that proxies and servers read differently (ASVS 4.2.1): two lengths, a length beside
// Transfer-Encoding, Transfer-Encoding on HTTP/1.0, bare line feeds, folded headers.
func checkFraming(c *fiber.Ctx) error {
	h := &c.Request().Header
	raw := h.RawHeaders()
	te, cl := 0, 0
	var once [len(headersOnce)]bool
	for line := range bytes.Lines(raw) {
		if !bytes.HasSuffix(line, []byte("\r\n")) || line[0] == ' ' || line[0] == '\t' {
			return apperr.Malformed("The request's framing is ambiguous.")
		}
		name, value, _ := bytes.Cut(line, []byte(":"))
		switch {
		case bytes.EqualFold(name, []byte("transfer-encoding")):
			if te++; !strings.EqualFold(strings.TrimSpace(string(value)), "chunked") {
				return apperr.Malformed("The request's framing is ambiguous.")
			}
		case bytes.EqualFold(name, []byte("content-length")):
			cl++
		default:
			for i, single := range headersOnce {
				if !bytes.EqualFold(name, single) {
					continue
				}
				if once[i] {
					return apperr.Malformed("A header that may come once comes twice.")
				}
				once[i] = true
			}
		}
	}
	if !hasKnownVersion(c) || !hasValidHost(c, once[hostIndex]) {
		return apperr.Malformed("The request's HTTP version or Host is not accepted.")
	}
	if te > 1 || cl > 1 || te > 0 && (cl > 0 || !h.IsHTTP11()) {
		return apperr.Malformed("The request's framing is ambiguous.")
	}
	return nil
}

// hasKnownVersion reports whether the request line names HTTP/1.0 or HTTP/1.1.
func hasKnownVersion(c *fiber.Ctx) bool {
	version := string(c.Request().Header.Protocol())
	return version == "HTTP/1.1" || version == "HTTP/1.0"
}

// hostForm is a name or address with an optional port (RFC 9112 3.2), without a user name or other misleading parts.
var hostForm = regexp.MustCompile(`^([A-Za-z0-9_][A-Za-z0-9._-]*|\[[0-9A-Fa-f:.]+\])(:([0-9]{1,5}))?$`)

// lastHost is the last Host that was well-formed. Clients of one server send the same all the time.
var lastHost atomic.Pointer[string]

// isValidHost reports whether a Host header is well-formed.
func isValidHost(host string) bool {
	if last := lastHost.Load(); last != nil && *last == host {
		return true
	}
	if !hasHostForm(host) {
		return false
	}
	valid := strings.Clone(host) // the host may be a part of a target with a secret
	lastHost.Store(&valid)
	return true
}

// hasHostForm reports whether a text is a host with an optional port up to 65535.
func hasHostForm(host string) bool {
	m := hostForm.FindStringSubmatch(host)
	if m == nil {
		return false
	}
	port, err := strconv.Atoi("0" + m[3])
	return err == nil && port <= 65535
}

// hasValidHost reports whether the Host header, which HTTP/1.1 requires, and the authority of an absolute
// request target are well-formed. given says whether there is a Host header.
func hasValidHost(c *fiber.Ctx, given bool) bool {
	h := &c.Request().Header
	if !given {
		return !h.IsHTTP11()
	}
	if !isValidHost(string(h.Host())) {
		return false
	}
	target := string(h.RequestURI())
	if strings.HasPrefix(target, "/") || target == "*" {
		return true
	}
	u, err := url.Parse(target)
	return err == nil && u.User == nil && isValidHost(u.Host) &&
		(strings.EqualFold(u.Scheme, "http") || strings.EqualFold(u.Scheme, "https"))
}
