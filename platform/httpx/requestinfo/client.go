package requestinfo

import (
	"net/netip"
	"slices"
	"strings"

	"lyceum/platform/text"
)

// Proxies are the networks of the proxies whose X-Forwarded-For is believed.
type Proxies []netip.Prefix

// ParseProxies returns the proxies of networks in CIDR form. It returns an error for the first text
// that is not one.
func ParseProxies(networks []string) (Proxies, error) {
	var proxies Proxies
	for _, network := range networks {
		prefix, err := netip.ParsePrefix(network)
		if err != nil {
			return nil, err
		}
		proxies = append(proxies, prefix)
	}
	return proxies, nil
}

// ClientIP returns the address of the client (ASVS 4.1.3). That is remote, the other end of the
// connection, unless it is a trusted proxy: then it is the last address in the X-Forwarded-For
// lines that is not one. Addresses before it may be forged.
func (p Proxies) ClientIP(remote string, forwarded [][]byte) string {
	addr, _ := netip.ParseAddrPort(remote)
	ip := addr.Addr().Unmap()
	if len(p) == 0 || !p.isTrusted(ip) {
		return ip.String()
	}
	// A proxy may add a line of its own instead of extending the last one: all lines count, in
	// their order.
	var hops []string
	for _, line := range forwarded {
		hops = append(hops, strings.Split(string(line), ",")...)
	}
	for _, hop := range slices.Backward(hops) {
		next, err := parseHop(strings.TrimSpace(hop))
		if err != nil {
			break
		}
		if ip = next.Unmap(); !p.isTrusted(ip) {
			break
		}
	}
	return ip.String()
}

// isTrusted reports whether an address is one of a trusted proxy.
func (p Proxies) isTrusted(ip netip.Addr) bool {
	return slices.ContainsFunc(p, func(prefix netip.Prefix) bool { return prefix.Contains(ip) })
}

// parseHop returns an address of X-Forwarded-For without the port that some proxies add.
func parseHop(hop string) (netip.Addr, error) {
	if withPort, err := netip.ParseAddrPort(hop); err == nil {
		return withPort.Addr(), nil
	}
	return netip.ParseAddr(strings.Trim(hop, "[]"))
}

// NetworkOf returns the network that rate limits count for an address: the /64 of an IPv6 address,
// as one host owns all of it, else the address itself.
func NetworkOf(ip string) string {
	addr, err := netip.ParseAddr(ip)
	if err != nil || addr.Is4() {
		return ip
	}
	prefix, err := addr.WithZone("").Prefix(64)
	if err != nil {
		return ip
	}
	return prefix.String()
}

// IsValidID reports whether the X-Request-Id of a client is used: 8 to 64 letters, digits, "-", "_"
// and ".". Any other could forge lines of the log.
func IsValidID(id string) bool {
	if len(id) < 8 || len(id) > 64 {
		return false
	}
	for _, r := range id {
		if (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && r != '-' && r != '_' && r != '.' {
			return false
		}
	}
	return true
}

// CleanText returns s without control characters and cut to limit bytes, between two characters. It
// is for text from outside in logs and messages.
func CleanText(s string, limit int) string {
	s = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return -1
		}
		return r
	}, s)
	return text.CutBytes(s, limit)
}
