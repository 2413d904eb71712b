// Package live delivers the messages of channels to open sockets, and takes messages from them.
//
// A channel with at least one socket on this replica has a channelFeed: one goroutine that keeps
// two cursors, the newest message and the newest change that it has delivered. When it wakes it
// reads what lies after its cursors from the database, encodes each frame once, and hands the
// frames to the queue of each socket. Messages that this replica has stored itself come without a
// read, if they are the next ones. The signal that wakes it says only "look", so a signal may be
// lost, doubled or late. A poll once a second finds what no signal told.
//
// Two signals carry data, because nothing of theirs is stored and a client does without one that is
// lost: typing, and notifications that other modules push to the sockets of an account.
//
//	feeds.go           the feeds of this replica, their signals, the poll, notifications
//	feed.go            the goroutine of a feed
//	feed_messages.go   delivery of messages and of changes
//	feed_appended.go   delivery of what this replica has stored, without a read
//	feed_presence.go   delivery of who came, who left and who types
//	session.go         one socket: welcome, access checks, end
//	replay.go          what a socket missed since its last visit
//	client_frames.go   what a client sends; limits on refused frames
//	frames.go          the frames in JSON
//
// The package asks for a MessageReader, for ChannelActions and for Presence.
// docs/chat.md shows the whole way of a message.
package live
