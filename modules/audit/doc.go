// Package audit owns the audit log: who changed what, append-only, without gaps, chained by hashes.
//
//	entry.go   an entry: its hash, its id and its place in the chain
//	head.go    the head of the chain: its seal, and the marks of breaks
//	service.go writing the entries of a transaction, just before it commits
//	verify.go  the walk over the chain, and anchors
//	list.go, export.go  the log page by page, and as a whole
//
// Tables: audit_entries, audit_head. Hears audit.entry, in the transaction of the change. Asks
// usersapi.Accounts, to show the address of an actor while the account exists. Answers
// usersapi.Holder.
//
//	entry 1 ──hash──▶ entry 2 ──hash──▶ … ──hash──▶ entry n ◀── head: n, hash of n, seal
//
// The hash of an entry is SHA-256 over its fields in a fixed order, each as decimal length, colon
// and text; see entry.computeHash. prev_hash is the hash of the entry before. The id follows from
// the time and the hash. The head has the number and the hash of the newest entry, sealed with a
// key of the server, so that entries can't be cut off from the end unseen.
package audit
