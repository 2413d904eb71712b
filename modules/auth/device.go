package auth

import (
	"net/netip"
	"strings"

	"github.com/mileusna/useragent"
)

// device is what a sign-in came from, without versions, which change by themselves.
type device struct {
	browser string
	system  string
	// network is the /24 or /48 of the address, which a household or a school keeps.
	network string
}

// deviceOf reads the family of browser and operating system from a User-Agent.
func deviceOf(userAgent, network string) device {
	ua := useragent.Parse(userAgent)
	return device{strings.ToLower(ua.Name), strings.ToLower(ua.OS), widenNetwork(network)}
}

// isKnown reports whether browser, system and network have each been used before. Each counts by itself: a known browser on
// a known system in a known network is nothing new, in whatever combination.
func (d device) isKnown(earlier []device) bool {
	var browser, system, network bool
	for _, e := range earlier {
		browser = browser || e.browser == d.browser
		system = system || e.system == d.system
		network = network || e.network == d.network
	}
	return browser && system && network
}

// widenNetwork makes a /48 of the network of an IPv6 address, as providers change what follows; others stay.
func widenNetwork(network string) string {
	p, err := netip.ParsePrefix(network)
	if err != nil || p.Addr().Is4() || p.Bits() <= 48 {
		return network
	}
	return netip.PrefixFrom(p.Addr(), 48).Masked().String()
}

// Separators between and inside the devices that the database lists; a stored User-Agent has no control characters.
const (
	deviceEnd    = "\x1e"
	deviceMiddle = "\x1f"
)

// parseDevices reads the list of store.begin.
func parseDevices(list string) (devices []device) {
	for entry := range strings.SplitSeq(list, deviceEnd) {
		if network, userAgent, ok := strings.Cut(entry, deviceMiddle); ok {
			devices = append(devices, deviceOf(userAgent, network))
		}
	}
	return devices
}
