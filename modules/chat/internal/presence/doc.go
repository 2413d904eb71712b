// Package presence records which accounts have open sockets in which channels, on all replicas.
//
// Tables: chat_presence has a row for each account, channel and replica; chat_replicas has one for each
// replica, which it renews every three seconds while accounts are present. Rows of a replica that was
// not renewed for ten seconds do not count, so a replica that dies takes its accounts with it.
//
// One goroutine writes, and whatever changes during one write goes into the next. A full channel
// whose readers all reconnect costs a few transactions, not one for each reader.
package presence
