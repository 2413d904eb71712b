// Package audit owns the record of who changed what: append-only, without gaps, chained by hashes.
//
// Tables: audit_entries, audit_head. Hears: audit.entry (InTx). Asks: usersapi.Accounts, to show
// an actor's address while the account exists. Tells: nothing. Answers: usersapi.Holder.
//
// Each entry's hash is SHA-256 over its fields in a fixed order, each as decimal length, colon and
// text; see entry.digest. prev_hash is the hash of the entry before, id follows from time and hash. The
// head holds the newest seq and hash, authenticated with a key of the server, so that a cut tail shows.
//
// Entries are written once, at the end of the transaction of the change (service.go); verify.go walks the
// chain, export.go hands it out in pages.
package audit
