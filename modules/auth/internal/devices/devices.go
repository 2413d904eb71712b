// Package devices tells whether a sign-in comes from a device that its account has used before.
package devices

import (
	"net/netip"
	"strings"

	"github.com/mileusna/useragent"
)

// Device is the source of a sign-in, without versions, which change by themselves.
type Device struct {
	browser string
	system  string
	// network is the /24 or /48 of the address, which a household or a school keeps.
	network string
}

// Parse returns the device of a User-Agent in a network; see NetworkPrefix.
func Parse(userAgent, network string) Device {
	ua := useragent.Parse(userAgent)
	return Device{strings.ToLower(ua.Name), strings.ToLower(ua.OS), widenNetwork(network)}
}

// IsKnown reports whether browser, system and network have each been used before. Each counts by
// itself: a known browser on a known system in a known network is nothing new, in whatever
// combination.
func (d Device) IsKnown(earlier []Device) bool {
	var browser, system, network bool
	for _, e := range earlier {
		browser = browser || e.browser == d.browser
		system = system || e.system == d.system
		network = network || e.network == d.network
	}
	return browser && system && network
}

// widenNetwork returns a /48 of the network of an IPv6 address, as providers change what follows;
// others stay.
func widenNetwork(network string) string {
	p, err := netip.ParsePrefix(network)
	if err != nil || p.Addr().Is4() || p.Bits() <= 48 {
		return network
	}
	return netip.PrefixFrom(p.Addr(), 48).Masked().String()
}

// Separators between and inside the devices that the database lists; a stored User-Agent has no
// control characters.
const (
	listEnd    = "\x1e"
	listMiddle = "\x1f"
)

// ParseList returns the devices in a list that the database made.
func ParseList(list string) (devices []Device) {
	for entry := range strings.SplitSeq(list, listEnd) {
		if network, userAgent, ok := strings.Cut(entry, listMiddle); ok {
			devices = append(devices, Parse(userAgent, network))
		}
	}
	return devices
}

// NetworkPrefix returns the /24 or /56 of an address, which a household or a school shares; "" for a text
// that is no address.
func NetworkPrefix(ip string) string {
	addr, err := netip.ParseAddr(ip)
	if err != nil {
		return ""
	}
	bits := 56
	if addr.Is4() {
		bits = 24
	}
	p, err := addr.Prefix(bits)
	if err != nil {
		return ""
	}
	return p.String()
}
