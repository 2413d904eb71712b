package requestinfo

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestNetworkOf(t *testing.T) {
	for ip, want := range map[string]string{
		"192.0.2.7": "192.0.2.7", "2001:db8::1": "2001:db8::/64", "fe80::1%eth0": "fe80::/64",
		"nonsense": "nonsense",
	} {
		require.Equal(t, want, NetworkOf(ip))
	}
}

func TestClientIP(t *testing.T) {
	for name, c := range map[string]struct {
		proxies   []string
		remote    string
		forwarded []string
		want      string
	}{
		"no proxy is trusted":          {nil, "192.0.2.7:4000", []string{"203.0.113.9"}, "192.0.2.7"},
		"the other end is not a proxy": {[]string{"10.0.0.0/8"}, "192.0.2.7:4000", []string{"203.0.113.9"}, "192.0.2.7"},
		"one proxy":                    {[]string{"10.0.0.0/8"}, "10.0.0.1:4000", []string{"203.0.113.9"}, "203.0.113.9"},
		"the client forged an entry": {
			[]string{"10.0.0.0/8"}, "10.0.0.1:4000", []string{"1.1.1.1, 203.0.113.9"}, "203.0.113.9",
		},
		"two proxies, two lines": {
			[]string{"10.0.0.0/8"}, "10.0.0.1:4000", []string{"203.0.113.9", "10.0.0.2"}, "203.0.113.9",
		},
		"with a port": {
			[]string{"10.0.0.0/8"}, "10.0.0.1:4000", []string{"203.0.113.9:1234"}, "203.0.113.9",
		},
		"IPv6 in brackets": {
			[]string{"10.0.0.0/8"}, "10.0.0.1:4000", []string{"[2001:db8::1]"}, "2001:db8::1",
		},
		"an entry that is no address": {
			[]string{"10.0.0.0/8"}, "10.0.0.1:4000", []string{"203.0.113.9, unknown"}, "10.0.0.1",
		},
		"no header": {[]string{"10.0.0.0/8"}, "10.0.0.1:4000", nil, "10.0.0.1"},
		"IPv4 inside of IPv6": {
			[]string{"10.0.0.0/8"}, "[::ffff:10.0.0.1]:4000", []string{"203.0.113.9"}, "203.0.113.9",
		},
		"only proxies: the first one": {
			[]string{"10.0.0.0/8"}, "10.0.0.1:4000", []string{"10.0.0.3, 10.0.0.2"}, "10.0.0.3",
		},
		"IPv6 networks are networks":    {[]string{"fd00::/8"}, "[fd00::1]:4000", []string{"203.0.113.9"}, "203.0.113.9"},
		"a broken address of the other": {[]string{"10.0.0.0/8"}, "unix", nil, "invalid IP"},
	} {
		t.Run(name, func(t *testing.T) {
			proxies, err := ParseProxies(c.proxies)
			require.NoError(t, err)
			var lines [][]byte
			for _, line := range c.forwarded {
				lines = append(lines, []byte(line))
			}
			require.Equal(t, c.want, proxies.ClientIP(c.remote, lines))
		})
	}
}

func TestParseProxiesRefusesAddresses(t *testing.T) {
	_, err := ParseProxies([]string{"10.0.0.0/8", "10.0.0.1"})
	require.Error(t, err)
}

func TestIsValidID(t *testing.T) {
	for id, want := range map[string]bool{
		"12345678": true, "a-b_c.D9": true, strings.Repeat("x", 64): true,
		"": false, "1234567": false, strings.Repeat("x", 65): false, "12345678\n": false, "1234 5678": false,
		"ü2345678": false,
	} {
		require.Equal(t, want, IsValidID(id), "%q", id)
	}
}

func TestCleanText(t *testing.T) {
	require.Equal(t, "ab", CleanText("a\r\n\x7fb", 10))
	require.Equal(t, "abc", CleanText("abcdef", 3))
	require.Equal(t, "a", CleanText("aü", 2), "no half of a character stays")
}
