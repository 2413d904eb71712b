package chat

import (
	"net/http"

	"lyceum/platform/httpx"
)

func newRoutes(h *handlers) httpx.Table {
	created, repeatable := httpx.DefaultStatus(http.StatusCreated), httpx.WithIdempotency()
	return httpx.Table{Module: "chat", Routes: []httpx.Route{
		httpx.Get("/channels", httpx.RequirePermission(permissionRead), "Channels that the caller may read", h.list),
		httpx.Post("/channels", httpx.RequirePermission(permissionManage), "Open a channel", h.create, httpx.CheckRules(checkCreate), httpx.ETagged(), repeatable, created),
		httpx.Get("/channels/{slug}", httpx.RequirePermission(permissionRead), "One channel", h.get, httpx.ETagged()),
		httpx.Patch("/channels/{slug}", httpx.RequirePermission(permissionManage), "Change a channel; its creator and administrators", h.update, httpx.CheckRules(checkUpdate), httpx.ETagged()),
		httpx.Delete("/channels/{slug}", httpx.RequirePermission(permissionManage), "Delete a channel; its creator and administrators", h.remove),
		httpx.Get("/channels/{slug}/members/{user_id}", httpx.RequirePermission(permissionManage), "A member of a private channel", h.member, httpx.ETagged()),
		httpx.Put("/channels/{slug}/members/{user_id}", httpx.RequirePermission(permissionManage), "Let an account read a private channel", h.addMember, httpx.ETagged()),
		httpx.Delete("/channels/{slug}/members/{user_id}", httpx.RequirePermission(permissionManage), "Take that back", h.removeMember),
		httpx.Get("/channels/{slug}/messages", httpx.RequirePermission(permissionRead), "Messages in ascending order", h.history),
		httpx.Post("/channels/{slug}/messages", httpx.RequirePermission(permissionWrite), "Say something", h.post, httpx.ETagged(), repeatable, created, httpx.RepeatsWithOK()),
		httpx.Patch("/channels/{slug}/messages/{id}", httpx.RequirePermission(permissionWrite), "Change one's message, for 15 minutes", h.edit, httpx.ETagged()),
		httpx.Delete("/channels/{slug}/messages/{id}", httpx.RequirePermission(permissionWrite), "Leave a tombstone; author, instructors, administrators", h.erase),
		httpx.Get("/channels/{slug}/presence", httpx.RequirePermission(permissionRead), "Who is on", h.presence, httpx.ETagged()),
		httpx.Post("/ws/tickets", httpx.RequirePermission(permissionRead), "A ticket for one socket, for 30 seconds", h.ticket, created, httpx.WithoutLocation()),
		httpx.Raw(http.MethodGet, "/ws/channels/{slug}", httpx.RequirePermission(permissionRead), "WebSocket of a channel", h.socket(), httpx.DescribeOperation(socketDoc), httpx.SwitchesTo("A WebSocket (RFC 6455) with the frames described here"),
			httpx.QueryParameter("token", "Access token, for clients that can't send headers"), httpx.QueryParameter("ticket", "Of POST /ws/tickets, instead of a token"),
			httpx.QueryParameter("after_seq", "Send what came after this message first"),
			httpx.QueryParameter("after_change", "Send the newest state of messages that were edited or deleted after this change")),
	}}
}

const socketDoc = "Credentials: `?token=`, `?ticket=` (POST /ws/tickets), `Authorization`, or the subprotocols `bearer, <token>`. " +
	"`?after_seq=` sends what was missed, the newest 5,000 messages at most; a `gap` frame names what lies before. " +
	"`?after_change=` (the `last_change` of `welcome`, or the newest `change` seen) sends the newest state of the messages up to `after_seq` " +
	"that were edited or deleted since, in the order of `change`: the newest 5,000 at most, after a `gap` frame that spans the others. " +
	"Frames are JSON text. Client: message, typing, read, auth, ping. Server: welcome, message, ack, deleted, edited, typing, presence, " +
	"notification, gap, error, authenticated, pong. Close codes: 4401 token or session ended, 4403 right lost, 4404 channel deleted, " +
	"4408 too slow, 1003 binary, 1007 not UTF-8, 1009 over 16 KiB, 1001 server going away."
