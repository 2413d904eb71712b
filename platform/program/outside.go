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

// The types of this file pass calls on to the other services that a server uses. In tests they panic if a call is made
// inside a database transaction: see db.RequireNoTx.

// outsideBlobs is a blob.Store whose calls happen outside transactions. Signing makes no request, so it may happen
// anywhere.
type outsideBlobs struct{ blob.Store }

// Stat implements blob.Store.
func (s outsideBlobs) Stat(ctx context.Context, id string) (blob.Info, error) {
	db.RequireNoTx(ctx, "object store: stat")
	return s.Store.Stat(ctx, id)
}

// Open implements blob.Store.
func (s outsideBlobs) Open(ctx context.Context, id string) (io.ReadCloser, error) {
	db.RequireNoTx(ctx, "object store: open")
	return s.Store.Open(ctx, id)
}

// ReadPrefix implements blob.Store.
func (s outsideBlobs) ReadPrefix(ctx context.Context, id string, n int) ([]byte, error) {
	db.RequireNoTx(ctx, "object store: read")
	return s.Store.ReadPrefix(ctx, id, n)
}

// Put implements blob.Store.
func (s outsideBlobs) Put(ctx context.Context, id string, r io.Reader, size int64, contentType string) error {
	db.RequireNoTx(ctx, "object store: put")
	return s.Store.Put(ctx, id, r, size, contentType)
}

// Delete implements blob.Store.
func (s outsideBlobs) Delete(ctx context.Context, id string) error {
	db.RequireNoTx(ctx, "object store: delete")
	return s.Store.Delete(ctx, id)
}

// outsideSender is a smtp.Sender that sends outside transactions.
type outsideSender struct{ smtp.Sender }

// Send implements smtp.Sender.
func (s outsideSender) Send(ctx context.Context, m smtp.Message) error {
	db.RequireNoTx(ctx, "smtp: send")
	return s.Sender.Send(ctx, m)
}

// outsideRedis is a hook of a Redis client whose commands are sent outside transactions.
type outsideRedis struct{}

// DialHook implements redis.Hook.
func (outsideRedis) DialHook(next redis.DialHook) redis.DialHook {
	return func(ctx context.Context, network, addr string) (net.Conn, error) { return next(ctx, network, addr) }
}

// ProcessHook implements redis.Hook.
func (outsideRedis) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		db.RequireNoTx(ctx, "redis: "+cmd.Name())
		return next(ctx, cmd)
	}
}

// ProcessPipelineHook implements redis.Hook.
func (outsideRedis) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return func(ctx context.Context, cmds []redis.Cmder) error {
		db.RequireNoTx(ctx, "redis: pipeline")
		return next(ctx, cmds)
	}
}
