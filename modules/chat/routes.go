package chat

import (
	_ "embed"
	"net/http"

	"lyceum/platform/httpx"
)

// examples are calls of the routes, for the API document. A test sends them.
//
//go:embed examples.json
var examples []byte

// newRoutes returns the routes of the module: method, path, permission, summary, handler. The descriptions
// stand beside the handlers. A permission opens a route; which channels a caller may use is the
// decision of Service.findReadable and findManaged.
func newRoutes(h *handlers) httpx.Table {
	read := httpx.RequirePermission(permissionRead)
	write := httpx.RequirePermission(permissionWrite)
	manage := httpx.RequirePermission(permissionManage)
	created, repeatable, etag := httpx.DefaultStatus(http.StatusCreated), httpx.WithIdempotency(), httpx.ETagged()

	return httpx.Table{Module: "chat", Examples: examples, Routes: []httpx.Route{
		httpx.Get("/channels", read, "List the channels that the caller may read", h.listChannels, listChannelsDoc),
		httpx.Post("/channels", manage, "Create a channel", h.createChannel, createChannelDoc,
			httpx.CheckRules(checkCreate), etag, repeatable, created,
			httpx.Answers("not-found", "slug-taken")),
		httpx.Get("/channels/{slug}", read, "Get a channel", h.getChannel, getChannelDoc, etag,
			httpx.Answers("forbidden")),
		httpx.Patch("/channels/{slug}", manage, "Update a channel", h.updateChannel, updateChannelDoc,
			httpx.CheckRules(checkUpdate), etag),
		httpx.Delete("/channels/{slug}", manage, "Delete a channel", h.deleteChannel, deleteChannelDoc),

		httpx.Get("/channels/{slug}/members/{user_id}", manage, "Get a member of a private channel",
			h.getMember, getMemberDoc, etag),
		httpx.Put("/channels/{slug}/members/{user_id}", manage, "Add a member to a private channel",
			h.addMember, addMemberDoc, etag),
		httpx.Delete("/channels/{slug}/members/{user_id}", manage, "Remove a member from a private channel",
			h.removeMember, removeMemberDoc),

		httpx.Get("/channels/{slug}/messages", read, "List the messages of a channel", h.listMessages, listMessagesDoc,
			httpx.Answers("forbidden")),
		httpx.Post("/channels/{slug}/messages", write, "Post a message", h.postMessage, postMessageDoc,
			etag, repeatable, created, httpx.RepeatsWithOK(),
			httpx.Answers("forbidden")),
		httpx.Patch("/channels/{slug}/messages/{id}", write, "Edit a message", h.editMessage, editMessageDoc, etag,
			httpx.Answers("forbidden")),
		httpx.Delete("/channels/{slug}/messages/{id}", write, "Delete a message", h.deleteMessage, deleteMessageDoc,
			httpx.Answers("forbidden")),

		httpx.Get("/channels/{slug}/presence", read, "List the accounts that are present in a channel",
			h.listPresent, listPresentDoc, etag,
			httpx.Answers("forbidden")),
		httpx.Post("/ws/tickets", read, "Create a ticket for a socket", h.createTicket, createTicketDoc,
			created, httpx.WithoutLocation()),
		httpx.Raw(http.MethodGet, "/ws/channels/{slug}", read, "Open the WebSocket of a channel",
			h.openSocket(), openSocketDoc,
			httpx.SwitchesTo("A WebSocket (RFC 6455) with the frames described here"),
			httpx.QueryParameter("token", "Access token, for clients that can't send headers"),
			httpx.QueryParameter("ticket", "Of POST /ws/tickets, instead of a token"),
			httpx.QueryParameter("after_seq", "Send what came after this message first"),
			httpx.QueryParameter("after_change",
				"Send the newest state of messages that were edited or deleted after this change"),
			httpx.Answers("forbidden", "too-many-sockets", "upgrade-required", "validation-failed")),
	}}
}
