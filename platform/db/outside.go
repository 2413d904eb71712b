package db

import (
	"context"
	"testing"
)

// RequireNoTx checks that call is not made with the context of an open transaction. Such a call would hold locks and a
// connection for as long as another service takes. The clients of the object store, of the mail server and of Redis
// call it before each request, and so does work that waits for a transaction of its own.
//
// The check is on in all tests, where it panics and names the call: importing testing outside of tests is what tells
// them apart. It does nothing in a running server, which has passed them.
func RequireNoTx(ctx context.Context, call string) {
	if testing.Testing() && HasOpenTx(ctx) {
		panic("db: " + call + " inside a transaction")
	}
}
