package program

import (
	"context"
	"io"
	"net"

	"github.com/redis/go-redis/v9"

	"lyceum/platform/blob"
	"lyceum/platform/db"
	"lyceum/platform/smtp"
)

// The types of this file pass calls on to the other services that a server uses. In tests they panic
// if a call is made inside of a database transaction: see db.RequireNoTx. A transaction that waits
// for another service holds its locks and its connection for as long.

// outsideBlobs is a blob.Store whose requests are made outside of transactions. Signing makes none,
// so it may happen anywhere.
type outsideBlobs struct{ blob.Store }

// Stat passes the call on.
func (s outsideBlobs) Stat(ctx context.Context, id string) (blob.Info, error) {
	db.RequireNoTx(ctx, "object store: stat")
	return s.Store.Stat(ctx, id)
}

// Open passes the call on. The reader may be used anywhere.
func (s outsideBlobs) Open(ctx context.Context, id string) (io.ReadCloser, error) {
	db.RequireNoTx(ctx, "object store: open")
	return s.Store.Open(ctx, id)
}

// ReadPrefix passes the call on.
func (s outsideBlobs) ReadPrefix(ctx context.Context, id string, n int) ([]byte, error) {
	db.RequireNoTx(ctx, "object store: read")
	return s.Store.ReadPrefix(ctx, id, n)
}

// Put passes the call on. The whole upload happens outside of transactions.
func (s outsideBlobs) Put(ctx context.Context, id string, r io.Reader, size int64, contentType string) error {
	db.RequireNoTx(ctx, "object store: put")
	return s.Store.Put(ctx, id, r, size, contentType)
}

// Delete passes the call on. Callers delete after the commit that ends the last reference.
func (s outsideBlobs) Delete(ctx context.Context, id string) error {
	db.RequireNoTx(ctx, "object store: delete")
	return s.Store.Delete(ctx, id)
}

// outsideSender is a smtp.Sender that sends outside of transactions.
type outsideSender struct{ smtp.Sender }

// Send passes the call on. Mail is sent by jobs, which have no transaction.
func (s outsideSender) Send(ctx context.Context, m smtp.Message) error {
	db.RequireNoTx(ctx, "smtp: send")
	return s.Sender.Send(ctx, m)
}

// outsideRedis is a hook of a Redis client whose commands are sent outside of transactions.
type outsideRedis struct{}

// DialHook implements redis.Hook. A connection may be opened at any time.
func (outsideRedis) DialHook(next redis.DialHook) redis.DialHook {
	return func(ctx context.Context, network, addr string) (net.Conn, error) { return next(ctx, network, addr) }
}

// ProcessHook implements redis.Hook for a single command.
func (outsideRedis) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		db.RequireNoTx(ctx, "redis: "+cmd.Name())
		return next(ctx, cmd)
	}
}

// ProcessPipelineHook implements redis.Hook for several commands that are sent together.
func (outsideRedis) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return func(ctx context.Context, cmds []redis.Cmder) error {
		db.RequireNoTx(ctx, "redis: pipeline")
		return next(ctx, cmds)
	}
}
