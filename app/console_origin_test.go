package main

import (
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"

	"lyceum/app/seed"
	"lyceum/app/sitetest"
)

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
