package storage_test

import (
	"net"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"lyceum/app/sitetest"
)

// callAs sends a request under another name of the server.
func callAs(s *sitetest.Site, name, method, path, token, body string) sitetest.Answer {
	s.T.Helper()
	var given any
	if body != "" {
		given = body
	}
	return s.Call(method, path, token, given, sitetest.Header{"Host": name})
}

func TestObjectURLsNameTheOriginThatWasUsed(t *testing.T) {
	t.Parallel()
	for environment, localNames := range map[string]bool{"development": true, "production": false} {
		vars := map[string]string{
			"APP_ENV": environment, "CORS_ORIGINS": "https://app.school.example,http://other.example:8080",
			"SMTP_URL":     "smtp://127.0.0.1:1",
			"JWT_KEYS_DIR": t.TempDir(),
			"ADMIN_EMAIL":  "admin@lyceum.local", "ADMIN_PASSWORD": sitetest.AdminPassword, "DEMO": "false",
		}
		s := sitetest.Start(t, vars)
		admin := s.AdminToken()
		s.AddAsset(admin, "notes", "text/plain", "some text")
		_, port, err := net.SplitHostPort(strings.TrimPrefix(s.URL, "http://"))
		require.NoError(t, err)
		names := map[string]string{
			"127.0.0.1:" + port: s.URL, "app.school.example": "https://app.school.example",
			"other.example:8080": "http://other.example:8080",
			"evil.example":       s.URL, "localhost.evil.example:" + port: s.URL, "other.example": s.URL,
			"localhost:" + port: s.URL, "localhost:9999": s.URL, "[::1]:" + port: s.URL,
		}
		if localNames {
			for _, name := range []string{"localhost:" + port, "localhost:9999", "[::1]:" + port} {
				names[name] = "http://" + name
			}
		}
		for name, want := range names {
			link := callAs(s, name, "GET", "/storage/sign?key=notes", admin, "").Text("url")
			require.True(t, strings.HasPrefix(link, want+"/objects/"), "%s as %s: %s", environment, name, link)
			up := callAs(s, name, "POST", "/storage/uploads", admin,
				`{"key":"by `+strings.NewReplacer("[", "", "]", "").Replace(name)+`","content_type":"text/plain","size":5}`)
			require.True(t, strings.HasPrefix(up.Text("upload.url"), want+"/objects/"), "%s as %s: %s",
				environment, name, up.Raw)
			// The signature is the same at every name.
			require.Equal(t, 200, s.Call("GET", s.URL+strings.TrimPrefix(link, want), "", nil).Status)
		}
	}
}
