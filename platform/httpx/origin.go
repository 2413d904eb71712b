package httpx

import (
	"context"
	"net"
	"net/netip"
	"net/url"
	"os"
	"strconv"
	"strings"
)

// origins are the names that this server may give itself in URLs.
type origins struct {
	// byHost has PUBLIC_URL and CORS_ORIGINS by their host and port.
	byHost map[string]string
	scheme string
	// machine says that any name of this machine will do, as in development.
	machine bool
}

func newOrigins(publicURL string, others map[string]bool, machine bool) *origins {
	o := &origins{byHost: map[string]string{}, machine: machine}
	for other := range others {
		o.add(other)
	}
	o.add(publicURL)
	o.scheme, _, _ = strings.Cut(publicURL, "://")
	return o
}

func (o *origins) add(origin string) {
	if u, err := url.Parse(origin); err == nil && u.Host != "" {
		scheme := strings.ToLower(u.Scheme)
		o.byHost[hostPort(u.Host, scheme)] = scheme + "://" + u.Host
	}
}

// hostPort is a host in lower case, without the port that its scheme has anyway.
func hostPort(host, scheme string) string {
	port := ":80"
	if scheme == "https" {
		port = ":443"
	}
	return strings.TrimSuffix(strings.ToLower(host), port)
}

// of returns the origin that a request with this Host was sent to, or "" where that is none of ours: a Host is what its
// sender likes, so it is never believed beyond the names that are known.
func (o *origins) of(host string) string {
	for _, scheme := range []string{o.scheme, "https", "http"} {
		origin := o.byHost[hostPort(host, scheme)]
		if strings.HasPrefix(origin, scheme+"://") {
			return origin
		}
	}
	if !o.machine {
		return ""
	}
	u, err := url.Parse(o.scheme + "://" + host)
	if err != nil || u.Host != host || u.User != nil {
		return ""
	}
	if port := u.Port(); port != "" {
		if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 {
			return ""
		}
	}
	if !isMachine(u.Hostname()) {
		return ""
	}
	return o.scheme + "://" + strings.ToLower(host)
}

// isMachine returns whether a host name or address is this machine's own.
func isMachine(host string) bool {
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	if ip, err := netip.ParseAddr(host); err == nil {
		return ip.Zone() == "" && (ip.Unmap().IsLoopback() || isInterface(ip.Unmap()))
	}
	if host == "localhost" || strings.HasSuffix(host, ".localhost") {
		return true
	}
	own, err := os.Hostname()
	if err != nil || own == "" {
		return false
	}
	own = strings.ToLower(own)
	short, _, _ := strings.Cut(own, ".")
	return host == own || host == short || host == short+".local"
}

// isInterface returns whether an address is one of this machine's network cards, now.
func isInterface(ip netip.Addr) bool {
	found, err := net.InterfaceAddrs()
	if err != nil {
		return false
	}
	for _, a := range found {
		if p, err := netip.ParsePrefix(a.String()); err == nil && p.Addr().Unmap() == ip {
			return true
		}
	}
	return false
}

// OriginFrom returns the origin that a request was sent to, or "" where it is none of the server's own: PUBLIC_URL, one of
// CORS_ORIGINS or, in development, a name of this machine, with the port that the caller used.
func OriginFrom(ctx context.Context) string {
	s := stateOf(ctx)
	if s.origins == nil {
		return ""
	}
	return s.origins.of(s.host)
}
