package db

import (
	"context"
	"testing"
)

// RequireNoTx checks that call is not made with the context of an open transaction. Such a call would hold locks and a
// connection for as long as another service or a slow computation takes. Clients of other services call it before each
// request.
//
// The check is on in all tests, where it panics and names the call. It does nothing in a running server.
func RequireNoTx(ctx context.Context, call string) {
	if testing.Testing() && InTransaction(ctx) {
		panic("db: " + call + " inside a transaction")
	}
}
