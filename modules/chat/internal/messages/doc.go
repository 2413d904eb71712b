// Package messages numbers, stores, changes and lists the messages of channels.
//
// It writes the table chat_messages, which the root of the module also counts for unread numbers
// and purges with a deleted channel, and two columns of chat_channels: last_seq, the number of the
// newest message, and last_change, the number of the newest edit or deletion. Both are raised in
// the transaction that writes the message, by an UPDATE that locks the channel's row until the
// commit. So the numbers of a channel have no gaps, and a reader who sees number n sees all numbers
// before it.
//
// Messages of one channel that arrive at the same time share a transaction (group commit,
// queue.go). After each commit a signal with the channel's id wakes the feeds of all replicas; the
// signal carries no message. The feeds of this replica get most messages from Service.OnAppended.
//
// A message is posted by these calls:
//
//	Service.Post            checks, rate limit, mentions
//	commitQueue.post        joins the drafts that wait in this channel
//	commitQueue.run         takes the next group of at most 64
//	Service.Append          on PostgreSQL one statement: take numbers, insert. With mentions, with
//	                        repeated messages and on SQLite a transaction: take numbers, find repeated
//	                        ones, insert, publish mentions. The UPDATE of the numbers locks the channel's row
//	broadcast               after the commit: TopicMessages with the channel's id
//
// docs/chat.md shows its way on to the sockets.
//
// The package does not know who may read a channel. Its callers check that, and answer for
// mentioned accounts through Channel.CanRead.
package messages
