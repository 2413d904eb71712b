package main

import (
	"testing"

	"github.com/stretchr/testify/require"

	"lyceum/app/sitetest"
)

// heldSockets lets a test cut the page's sockets and hold back new ones.
const heldSockets = `(() => {
	const Socket = WebSocket;
	window.cut = () => { window.held = true; for (const s of window.sockets) s.close(); };
	window.sockets = [];
	window.WebSocket = class extends Socket {
		constructor(...args) { if (window.held) throw new Error("offline"); super(...args); window.sockets.push(this); }
	};
	return true;
})()`

func TestConsoleShowsChangesMadeWhileItWasAway(t *testing.T) {
	t.Parallel()
	s := sitetest.Start(t, nil)
	admin := s.AdminToken()
	var paths []string
	for _, body := range []string{"first words", "second words", "third words"} {
		m := s.Want(201, "POST", "/channels/hq/messages", admin, map[string]string{"body": body})
		paths = append(paths, "/channels/hq/messages/"+m.Text("id"))
	}
	s.Want(201, "POST", "/auth/register", "",
		map[string]string{"email": "reader@example.com", "password": sitetest.Password})
	b := newBrowser(t, s.URL)
	b.signIn("reader@example.com", sitetest.Password)
	_, err := js[bool](b, heldSockets)
	require.NoError(t, err)
	_, err = js[string](b, `location.hash = "#/chat/hq"`)
	require.NoError(t, err)
	b.sees("chat-state", "Live")
	s.Want(200, "PATCH", paths[2], admin, `{"body":"changed while here"}`)
	b.sees("chat-message", "changed while here")

	_, err = js[bool](b, `(cut(), true)`)
	require.NoError(t, err)
	b.sees("chat-state", "Connection lost")
	s.Want(200, "PATCH", paths[0], admin, `{"body":"changed while away"}`)
	s.Want(204, "DELETE", paths[1], admin, nil)
	_, err = js[bool](b, `(held = false, true)`)
	require.NoError(t, err)
	b.sees("chat-message", "changed while away")
	b.sees("chat-message", "This message was deleted.")
	require.Empty(t, b.faults)
}
