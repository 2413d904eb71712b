package requestinfo

import (
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestForgedForwardedLines(t *testing.T) {
	proxies, err := ParseProxies([]string{"10.0.0.0/8", "fd00::/8"})
	require.NoError(t, err)
	for name, c := range map[string]struct {
		line, want string
	}{
		"nothing":              {"", "10.0.0.1"},
		"commas":               {strings.Repeat(",", 10_000), "10.0.0.1"},
		"a zone":               {"fe80::1%eth0", "fe80::1%eth0"},
		"brackets":             {"[2001:db8::1]:443", "2001:db8::1"},
		"half a bracket":       {"[2001:db8::1", "2001:db8::1"},
		"a host name":          {"evil.example", "10.0.0.1"},
		"a line break":         {"203.0.113.9\r\nX-Forwarded-For: 1.1.1.1", "10.0.0.1"},
		"an address as a port": {"203.0.113.9:99999", "10.0.0.1"},
		"ten thousand proxies": {"203.0.113.9," + strings.Repeat("10.0.0.2,", 10_000) + "10.0.0.3", "203.0.113.9"},
		"mapped IPv4":          {"::ffff:203.0.113.9", "203.0.113.9"},
	} {
		t.Run(name, func(t *testing.T) {
			require.Equal(t, c.want, proxies.ClientIP("10.0.0.1:4000", [][]byte{[]byte(c.line)}))
		})
	}
}

func TestOriginsAreSafeForConcurrentUse(t *testing.T) {
	origins := NewOrigins("https://shop.example", map[string]bool{"https://app.example": true}, true)
	found := make([]string, 16)
	var wg sync.WaitGroup
	for i := range found {
		wg.Go(func() { found[i] = origins.FindOrigin([]string{"shop.example", "app.example:443"}[i%2]) })
	}
	wg.Wait()
	for i, origin := range found {
		require.Equal(t, []string{"https://shop.example", "https://app.example"}[i%2], origin)
	}
}
