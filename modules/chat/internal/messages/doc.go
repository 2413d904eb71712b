// Package messages numbers, stores, changes and lists the messages of channels.
//
// It owns the table chat_messages and two columns of chat_channels: last_seq, the number of the
// newest message, and last_change, the number of the newest edit or deletion. Both are raised in the
// transaction that writes the message, by an UPDATE that locks the channel's row until the commit. So
// the numbers of a channel have no gaps, and a reader who sees number n sees all numbers before it.
//
// Messages of one channel that arrive at the same time share a transaction (group commit, queue.go).
// After each commit a signal with the channel's id wakes the feeds of all replicas; the signal
// carries no message. docs/chat.md shows the whole way of a message.
//
// The package does not know who may read a channel. Its callers check that, and answer for mentioned
// accounts through Channel.CanRead.
package messages
