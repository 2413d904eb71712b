package requestinfo

import (
	"net"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestOriginOfRequest(t *testing.T) {
	own, err := os.Hostname()
	require.NoError(t, err)
	allowed := map[string]bool{"https://app.school.example": true, "http://other.example:8080": true}
	machine := map[string]string{
		"localhost:9000": "http://localhost:9000",
		"LOCALHOST":      "http://localhost",
		"127.0.0.1:8000": "http://127.0.0.1:8000",
		"127.0.0.2:8000": "http://127.0.0.2:8000",
		"[::1]:8000":     "http://[::1]:8000", "courses.localhost:8000": "http://courses.localhost:8000",
		strings.ToUpper(own) + ":8000": "http://" + strings.ToLower(own) + ":8000",
	}
	addrs, err := net.InterfaceAddrs()
	require.NoError(t, err)
	for _, a := range addrs {
		if ip, _, err := net.ParseCIDR(a.String()); err == nil && ip.To4() != nil {
			machine[ip.String()+":8000"] = "http://" + ip.String() + ":8000"
		}
	}
	always := map[string]string{
		"lyceum.example:8000": "http://lyceum.example:8000", "Lyceum.Example:8000": "http://lyceum.example:8000",
		"app.school.example":     "https://app.school.example",
		"app.school.example:443": "https://app.school.example",
		"other.example:8080":     "http://other.example:8080",
	}
	never := []string{
		"evil.example", "lyceum.example", "lyceum.example:9000", "other.example", "app.school.example:8443",
		"localhost.evil.example", "localhost:99999",
		"localhost:0", "localhost:x", "user@localhost:8000", "localhost:8000/path", "localhost:8000?x",
		"192.0.2.1:8000", "[::1%25eth0]:8000", "", "127.0.0.1.evil.example",
		"evil.example#localhost", "localhost\t", "local host",
	}
	dev := NewOrigins("http://lyceum.example:8000", allowed, true)
	production := NewOrigins("http://lyceum.example:8000", allowed, false)
	for host, want := range machine {
		require.Equal(t, want, dev.FindOrigin(host), host)
		require.Empty(t, production.FindOrigin(host), host)
	}
	for host, want := range always {
		require.Equal(t, want, dev.FindOrigin(host), host)
		require.Equal(t, want, production.FindOrigin(host), host)
	}
	for _, host := range never {
		require.Empty(t, dev.FindOrigin(host), host)
		require.Empty(t, production.FindOrigin(host), host)
	}
	require.Equal(t, "https://localhost",
		NewOrigins("https://school.example", nil, true).FindOrigin("localhost"), "behind the same TLS")
}
