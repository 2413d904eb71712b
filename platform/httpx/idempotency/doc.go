// Package idempotency lets clients repeat a POST whose answer was lost
// (draft-ietf-httpapi-idempotency-key-header): the first answer to an Idempotency-Key is kept for 24 hours and
// repeated.
//
//	first request   claim the record  →  handler  →  [its transaction, the answer]  →  answer
//	the same again  the record is done            →  repeat its answer with Idempotency-Replayed: true
//	meanwhile       the record is claimed         →  wait up to 5 s, then 409 idempotency-in-progress
//	other body      the hashes differ             →  422 idempotency-key-reused
//
// # The transaction
//
// The answer commits in the transaction of the service that the handler calls: the middleware gives the handler a
// context whose first transaction stays open until the handler has answered (db.Deferral). A request without a key
// takes the same path; it has no answer to store. If the answer is an error, the transaction is rolled back. The
// answer is kept and repeated all the same, unless it is 429 or a fault of the server (5xx): then the key is free again.
//
// Some changes can't wait for one answer, such as a message that is committed together with those of other
// senders. Such an operation takes the id of what it creates from OperationID. The id survives a crash between the
// commit of the change and that of the answer, so the repeated request finds what the first one created.
//
// # Leases and secrets
//
// A claim is a lease of eight seconds, renewed while the handler works. When the process that holds it dies, another
// request takes the record over. The answer is encrypted under a key that only the client's header value gives, of
// which the table holds a hash. The server's own secret takes no part, so records stay readable after its loss.
package idempotency
