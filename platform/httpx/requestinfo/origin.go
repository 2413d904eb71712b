package requestinfo

import (
	"net"
	"net/netip"
	"net/url"
	"os"
	"strconv"
	"strings"
)

// Origins are the names that this server may give itself in URLs. It is safe for concurrent use.
type Origins struct {
	// byHost holds the origins of PUBLIC_URL and CORS_ORIGINS under their host and port.
	byHost map[string]string
	scheme string
	// allowMachine accepts every name and address of this machine, as in development.
	allowMachine bool
}

// NewOrigins returns the set of publicURL, the other origins and, with allowMachine, every name of
// this machine.
func NewOrigins(publicURL string, others map[string]bool, allowMachine bool) *Origins {
	o := &Origins{byHost: map[string]string{}, allowMachine: allowMachine}
	for other := range others {
		o.addOrigin(other)
	}
	o.addOrigin(publicURL)
	o.scheme, _, _ = strings.Cut(publicURL, "://")
	return o
}

// addOrigin adds an origin. It ignores a text that is not one.
func (o *Origins) addOrigin(origin string) {
	if u, err := url.Parse(origin); err == nil && u.Host != "" {
		scheme := strings.ToLower(u.Scheme)
		o.byHost[normalizeHost(u.Host, scheme)] = scheme + "://" + u.Host
	}
}

// normalizeHost returns a host in lower case, without the default port of its scheme.
func normalizeHost(host, scheme string) string {
	port := ":80"
	if scheme == "https" {
		port = ":443"
	}
	return strings.TrimSuffix(strings.ToLower(host), port)
}

// FindOrigin returns the origin that a request with this Host header was sent to. It returns "" for
// a host that is none of this server's: clients choose the header, and links in mails are made of
// the result.
func (o *Origins) FindOrigin(host string) string {
	for _, scheme := range []string{o.scheme, "https", "http"} {
		origin := o.byHost[normalizeHost(host, scheme)]
		if strings.HasPrefix(origin, scheme+"://") {
			return origin
		}
	}
	if !o.allowMachine {
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
	if !isOwnHost(u.Hostname()) {
		return ""
	}
	return o.scheme + "://" + strings.ToLower(host)
}

// isOwnHost reports whether a host name or address is one of this machine.
func isOwnHost(host string) bool {
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	if ip, err := netip.ParseAddr(host); err == nil {
		return ip.Zone() == "" && (ip.Unmap().IsLoopback() || isOwnAddress(ip.Unmap()))
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

// isOwnAddress reports whether a network interface of this machine has the address now.
func isOwnAddress(ip netip.Addr) bool {
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
