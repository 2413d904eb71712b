// Package chat owns channels, their members and their messages, and delivers messages to open
// sockets.
//
// Tables: chat_channels, chat_members, chat_marks (the read markers), chat_messages, chat_tickets,
// chat_replicas, chat_presence. Events out: chat.mentioned, audit entries. Events in:
// user.registered, user.role_granted, enrollment.changed, course.deleted. It asks for
// usersapi.Accounts and, optionally, coursesapi.Reader. It answers chatapi.Pusher and
// usersapi.Holder.
//
// The root of the module has channels, members and access:
//
//	routes.go      method, path, access and handler of every route
//	http_*.go      requests, answers and handlers
//	module.go      what the module declares, and how its parts are built
//	service.go     finds a channel, checks access, and asks the inner packages
//	channel.go     the channel and its rules: slugs, titles, visibilities
//	channels.go    create, list, update and delete channels
//	members.go     members of private channels
//	access.go      which accounts may read a channel
//	subscribers.go what other modules' events change
//	live.go        what open sockets ask of the root
//	store_*.go     the SQL of channels, members and read markers
//
// Only internal/live imports other inner packages, and none imports the root:
//
//	internal/live      feeds of channels, sockets, frames   ─▶ messages, presence
//	internal/messages  numbers, stores and changes messages; group commit
//	internal/presence  which accounts are in which channel on which replica
//	internal/tickets   one-time tickets for sockets
//	internal/holdings  the data export and erasure of an account
//	internal/chattest  a database for the tests of the inner packages
//
// docs/chat.md shows the way of a message from its POST to a socket on another replica.
package chat
