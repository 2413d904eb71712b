package devices

import (
	"testing"

	"github.com/stretchr/testify/require"
)

const (
	chrome130 = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Safari/537.36"
	chrome131 = "Mozilla/5.0 (Windows NT 11.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.1.0 Safari/537.36"
	edge      = chrome130 + " Edg/130.0.2849.68"
	firefox   = "Mozilla/5.0 (Windows NT 10.0; rv:131.0) Gecko/20100101 Firefox/131.0"
	linux     = "Mozilla/5.0 (X11; Linux x86_64; rv:131.0) Gecko/20100101 Firefox/131.0"
)

func TestDeviceIsKnown(t *testing.T) {
	home, school := "192.0.2.0/24", "198.51.100.0/24"
	earlier := []Device{Parse(chrome130, home), Parse(linux, school)}
	for name, c := range map[string]struct {
		userAgent, network string
		want               bool
	}{
		"the same":                              {chrome130, home, true},
		"another version of browser and system": {chrome131, home, true},
		"known parts in another combination":    {firefox, home, true},
		"another browser of the same engine":    {edge, home, false},
		"another system": {
			"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7; rv:131.0) Gecko/20100101 Firefox/131.0", home, false,
		},
		"another network":   {chrome130, "203.0.113.0/24", false},
		"no browser at all": {"curl/8.1", home, false},
		"nothing":           {"", "", false},
	} {
		t.Run(name, func(t *testing.T) {
			require.Equal(t, c.want, Parse(c.userAgent, c.network).IsKnown(earlier))
		})
	}
}

func TestDevicesOfIPv6NetworksCountBySlash48(t *testing.T) {
	earlier := []Device{Parse(linux, NetworkPrefix("2001:db8:1:200::1"))}
	require.True(t, Parse(linux, NetworkPrefix("2001:db8:1:ff00::2")).IsKnown(earlier))
	require.False(t, Parse(linux, NetworkPrefix("2001:db8:2::1")).IsKnown(earlier))
}

func TestNetworksAreThoseOfHouseholds(t *testing.T) {
	for ip, want := range map[string]string{
		"192.0.2.77": "192.0.2.0/24", "2001:db8:1:2ff::1": "2001:db8:1:200::/56", "nonsense": "", "": "",
	} {
		require.Equal(t, want, NetworkPrefix(ip), ip)
	}
}

// A list has the devices of earlier sessions as the database joins them.
func TestParseList(t *testing.T) {
	home, school := "192.0.2.0/24", "2001:db8:1:200::/56"
	for name, c := range map[string]struct {
		list string
		want []Device
	}{
		"nothing":    {"", nil},
		"one device": {home + listMiddle + firefox, []Device{Parse(firefox, home)}},
		"two devices": {
			home + listMiddle + firefox + listEnd + school + listMiddle + linux,
			[]Device{Parse(firefox, home), Parse(linux, school)},
		},
		"no network":               {listMiddle + firefox, []Device{Parse(firefox, "")}},
		"no user agent":            {home + listMiddle, []Device{Parse("", home)}},
		"a part that is no device": {"nonsense" + listEnd + home + listMiddle + edge, []Device{Parse(edge, home)}},
	} {
		t.Run(name, func(t *testing.T) { require.Equal(t, c.want, ParseList(c.list)) })
	}
}

// Without earlier devices nothing is known, and parts of one device do not make another known.
func TestDeviceIsKnownNeedsAllParts(t *testing.T) {
	home := "192.0.2.0/24"
	require.False(t, Parse(firefox, home).IsKnown(nil))
	require.True(t, Parse(firefox, home).IsKnown([]Device{Parse(firefox, home)}))
	require.False(t, Parse(firefox, home).IsKnown([]Device{Parse(firefox, "198.51.100.0/24"), Parse(linux, "")}))
	require.True(t, Parse("", "").IsKnown([]Device{Parse("", "")}), "clients that tell nothing look alike")
}

func TestWidenNetwork(t *testing.T) {
	for network, want := range map[string]string{
		"2001:db8:1:200::/56": "2001:db8:1::/48", "2001:db8:1::/48": "2001:db8:1::/48", "2001:db8::/32": "2001:db8::/32",
		"192.0.2.0/24": "192.0.2.0/24", "nonsense": "nonsense", "": "",
	} {
		require.Equal(t, want, widenNetwork(network), network)
	}
}
