package main

import (
	"net"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"

	"lyceum/app/seed"
	"lyceum/app/sitetest"
)

// called sends a request under another name of the server.
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
	allowed := map[string]string{"CORS_ORIGINS": "https://app.school.example,http://other.example:8080"}
	for environment, machine := range map[string]bool{"development": true, "production": false} {
		vars := map[string]string{"APP_ENV": environment, "CORS_ORIGINS": allowed["CORS_ORIGINS"], "SMTP_URL": "smtp://127.0.0.1:1", "JWT_KEYS_DIR": t.TempDir(),
			"ADMIN_EMAIL": "admin@lyceum.local", "ADMIN_PASSWORD": seed.DemoPassword, "DEMO": "false"}
		s := sitetest.Start(t, vars)
		admin := s.AdminToken()
		s.AddAsset(admin, "notes", "text/plain", "some text")
		_, port, err := net.SplitHostPort(strings.TrimPrefix(s.URL, "http://"))
		require.NoError(t, err)
		names := map[string]string{
			"127.0.0.1:" + port: s.URL, "app.school.example": "https://app.school.example", "other.example:8080": "http://other.example:8080",
			"evil.example": s.URL, "localhost.evil.example:" + port: s.URL, "other.example": s.URL,
			"localhost:" + port: s.URL, "localhost:9999": s.URL, "[::1]:" + port: s.URL,
		}
		if machine {
			for _, name := range []string{"localhost:" + port, "localhost:9999", "[::1]:" + port} {
				names[name] = "http://" + name
			}
		}
		for name, want := range names {
			link := callAs(s, name, "GET", "/storage/sign?key=notes", admin, "").Text("url")
			require.True(t, strings.HasPrefix(link, want+"/objects/"), "%s as %s: %s", environment, name, link)
			up := callAs(s, name, "POST", "/storage/uploads", admin, `{"key":"by `+strings.NewReplacer("[", "", "]", "").Replace(name)+`","content_type":"text/plain","size":5}`)
			require.True(t, strings.HasPrefix(up.Text("upload.url"), want+"/objects/"), "%s as %s: %s", environment, name, up.Raw)
			// The signature is the same at every name.
			require.Equal(t, 200, s.Call("GET", s.URL+strings.TrimPrefix(link, want), "", nil).Status)
		}
	}
}

// The console at another name of this machine than PUBLIC_URL's: its own policy lets in what it shows and sends.
func TestConsoleAtAnotherName(t *testing.T) {
	t.Parallel()
	s := sitetest.Start(t, nil)
	b := newBrowser(t, strings.Replace(s.URL, "127.0.0.1", "localhost", 1))
	b.signIn("admin@lyceum.local", seed.DemoPassword)
	b.plays("/#/courses/welcome-to-lyceum", 1)
	b.open("/#/courses/welcome-to-lyceum/edit")
	b.do("file", chromedp.WaitVisible(id("edit-cover-file")))
	_, err := js[bool](b, `(() => {
		const input = document.querySelector('`+string(id("edit-cover-file"))+`'), files = new DataTransfer();
		files.items.add(new File([Uint8Array.from([71, 73, 70, 56, 57, 97, 1, 0, 1, 0, 0, 0, 0, 0x3b])], "dot.gif", { type: "image/gif" }));
		input.files = files.files;
		input.dispatchEvent(new Event("change", { bubbles: true }));
		return true;
	})()`)
	require.NoError(t, err)
	require.Eventually(t, func() bool {
		return len(s.Want(200, "GET", "/storage/assets?prefix=covers/", s.AdminToken(), nil).Items()) == 1
	}, 20*time.Second, 100*time.Millisecond)
	b.open("/docs")
	b.do("docs", chromedp.WaitVisible(chromedp.CSS(".opblock")))
	server, err := js[string](b, `document.querySelector('.servers select, .servers option')?.value ?? ''`)
	require.NoError(t, err)
	require.Equal(t, "/", server, "the documentation tries things out where it was opened")
	require.Empty(t, b.faults)
}
