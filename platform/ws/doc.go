// Package ws serves WebSockets: it decides who may open one, delivers frames to slow and fast
// readers, and ends sockets that have no right to stay. The meaning of the frames is the business
// of a Session, which the caller of the package supplies.
//
//	request ──▶ UpgradeHandler: token, origin, permission, limits, Endpoint.Accept
//	                 │ every refusal is an HTTP problem before the upgrade
//	                 ▼
//	            serveSocket ── reading goroutine ──▶ Session.OnText
//	                 └──────── writing goroutine ◀── queue ◀── Conn.Send, from any goroutine
//
//	Hub.Run, every 400 ms: token and session valid? access kept? reader fast enough? ping due?
//
// The rules that readers of the code need:
//
//   - One goroutine writes to a socket. Conn.Send never waits: it puts a frame into a queue of 256
//     frames, and a reader that is further behind, or more than ten seconds late, is cut off with
//     close code 4408. So one slow reader can't hold up the sender or other readers.
//   - A Frame is encoded once and sent to many sockets. The writer joins queued frames into writes
//     of about 64 KiB.
//   - A socket ends within a second after its session or account does.
//   - At shutdown DrainSockets closes every socket with code 1001 and waits for the peers.
//
// The package builds on gofiber/contrib/websocket and adds what that lacks: it checks no Origin,
// has no limits and no deadlines, sends the text of a panic to the client, neither closes sockets
// at shutdown nor waits for them, and reuses a connection once its handler has returned.
package ws
