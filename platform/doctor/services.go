package doctor

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"lyceum/platform/backup"
	"lyceum/platform/blob"
	"lyceum/platform/blob/folder"
	"lyceum/platform/blob/s3"
	"lyceum/platform/redisconn"
	"lyceum/platform/smtp"
)

// minRedis is the oldest Redis that has all commands.
const minRedis = 7

// checkRedis looks at the version and the memory of Redis.
func (x *examination) checkRedis(ctx context.Context) {
	const check = "redis"
	if x.Config.RedisURL == "" {
		x.ok(check, "inside the server: limits and signals are those of one process")
		return
	}
	client, err := redisconn.Open(x.Config.RedisURL)
	if err != nil {
		x.fail(check, "REDIS_URL can't be read: "+err.Error(), "set it as the page on deployment shows for one server, "+
			"Sentinels or a cluster")
		return
	}
	defer func() { _ = client.Close() }()
	info, err := client.InfoMap(ctx, "server", "memory").Result()
	if err != nil {
		x.fail(check, err.Error(), "check REDIS_URL, and that Redis runs and lets this machine in")
		return
	}
	version := info["Server"]["redis_version"]
	if major, err := strconv.Atoi(strings.SplitN(version, ".", 2)[0]); err == nil && major < minRedis {
		x.fail(check, fmt.Sprintf("Redis %s is too old", version),
			fmt.Sprintf("upgrade to Redis %d or newer", minRedis))
	} else {
		x.ok(check, "Redis %s, %s in use", version, info["Memory"]["used_memory_human"])
	}
	x.checkRedisMemory(info["Memory"])
	x.checkClock(ctx, "redis", func(ctx context.Context) (time.Time, error) { return client.Time(ctx).Result() })
	server, err := client.FindServer(ctx, "lyceum")
	if err != nil {
		x.fail(check, err.Error(), "check that the addresses in REDIS_URL lead to the server that holds the keys")
		return
	}
	if o, err := redis.ParseURL(server.URL); err == nil && server.TLS != nil {
		x.checkTLS(ctx, check, o.Addr, server.TLS)
	}
}

// checkRedisMemory looks how full Redis is.
func (x *examination) checkRedisMemory(memory map[string]string) {
	used, _ := strconv.ParseInt(memory["used_memory"], 10, 64)
	limit, _ := strconv.ParseInt(memory["maxmemory"], 10, 64)
	if limit > 0 && used > limit*9/10 {
		x.warn("redis", "more than nine tenths of maxmemory are in use: soon it refuses writes or forgets limits",
			"raise maxmemory, or give Lyceum a Redis of its own")
	}
}

// checkTLS connects to a service and looks at its certificate.
func (x *examination) checkTLS(ctx context.Context, check, address string, settings *tls.Config) {
	conn, err := (&tls.Dialer{Config: settings}).DialContext(ctx, "tcp", address)
	if err != nil {
		x.fail(check, err.Error(), "renew the certificate, or make this machine trust its issuer")
		return
	}
	defer conn.Close()
	if encrypted, ok := conn.(*tls.Conn); ok {
		x.checkCertificate(check, encrypted.ConnectionState())
	}
}

// checkObjects looks at the object store, and whether it has the newest files of the database.
func (x *examination) checkObjects(ctx context.Context) {
	const check = "object store"
	if x.Config.S3.Endpoint != "" {
		x.checkBucket(ctx)
		return
	}
	dir := filepath.Join(x.Config.DataDir, "objects")
	if _, err := os.Stat(dir); err != nil {
		if x.db == nil {
			x.warn(check, "there is no folder "+dir, "the first start of the server makes it")
			return
		}
		x.fail(check, fmt.Sprintf("%s: %s", dir, err),
			"restore the folder from a backup, and let the server's user read and write it")
		return
	}
	store, err := folder.Open(dir, x.Config.PublicURL, make([]byte, 32), time.Now)
	if err == nil {
		err = tryWriting(dir)
	}
	if err != nil {
		x.fail(check, err.Error(), "let the server's user read and write the folder")
		return
	}
	x.ok(check, "the folder %s", dir)
	x.checkNewestObjects(ctx, store)
}

// tryWriting writes and removes a file.
func tryWriting(dir string) error {
	f, err := os.CreateTemp(dir, "doctor-*")
	if err != nil {
		return err
	}
	_, err = f.WriteString("probe")
	_ = f.Close()
	if removed := os.Remove(f.Name()); err == nil {
		err = removed
	}
	return err
}

// checkBucket looks at the rights on a bucket, and at what browsers meet.
func (x *examination) checkBucket(ctx context.Context) {
	const check = "object store"
	store, err := x.OpenBucket()
	if err == nil {
		err = store.CheckAccess(ctx)
	}
	if err != nil {
		x.fail(check, err.Error(),
			"check the S3_ keys; the server needs to list the bucket and to get, put and delete its objects, and nobody else may")
		return
	}
	x.ok(check, "the bucket %s at %s is private, and can be written, read and deleted", x.Config.S3.Bucket, x.Config.S3.Endpoint)
	x.checkBrowserView(ctx, store)
	x.checkNewestObjects(ctx, store)
}

// checkBrowserView looks whether the console can send files from each of its addresses.
func (x *examination) checkBrowserView(ctx context.Context, store *s3.Store) {
	const check = "uploads"
	for i, origin := range append([]string{x.Config.PublicURL}, x.Config.CORSOrigins...) {
		view, err := store.ViewAsBrowser(ctx, origin)
		if err != nil {
			x.warn(check, err.Error(),
				"browsers upload to this address: check S3_PUBLIC_ENDPOINT, unless only this machine can't reach it")
			return
		}
		if view.MayUpload {
			x.ok(check, "browsers may send files to the bucket from pages of %s", origin)
		} else {
			x.fail(check, "browsers may not send files to the bucket from pages of "+origin,
				"add a CORS rule to the bucket: origin "+origin+", methods PUT and GET, headers Content-Type and If-None-Match")
		}
		if i > 0 {
			continue
		}
		if !view.Time.IsZero() {
			x.checkClock(ctx, "object store", func(context.Context) (time.Time, error) {
				again, err := store.ViewAsBrowser(ctx, origin)
				return again.Time.Add(500 * time.Millisecond), err // it counts whole seconds
			})
		}
		if view.TLS != nil {
			x.checkCertificate("object store", *view.TLS)
		}
	}
}

// newestObjects is how many objects are looked up.
const newestObjects = 50

// checkNewestObjects looks whether the store has the objects that the database named last.
func (x *examination) checkNewestObjects(ctx context.Context, store blob.Store) {
	const check = "files"
	if x.db == nil || !x.isCurrent {
		return
	}
	for _, columns := range x.ObjectColumns {
		ids, err := backup.ListNewestObjects(ctx, x.db, columns, newestObjects)
		if err != nil {
			x.fail(check, err.Error(), "see the check of the database")
			return
		}
		missing := 0
		for _, id := range ids {
			_, err := store.Stat(ctx, id)
			if errors.Is(err, blob.ErrNotFound) || errors.Is(err, blob.ErrDamaged) {
				missing++
			} else if err != nil {
				x.warn(check, err.Error(),
					"the files could not all be looked up: try again when the object store answers")
				return
			}
		}
		if missing > 0 {
			x.fail(check, fmt.Sprintf("%d of the newest %d files are not in the object store", missing, len(ids)),
				"point DATA_DIR or S3_BUCKET to the right store, or restore the files from a backup")
			continue
		}
		x.ok(check, "the newest %d of the database are in the object store", len(ids))
	}
}

// hostOf returns the host and the port of a URL.
func hostOf(rawURL string) string {
	u, err := url.Parse(rawURL)
	if err != nil {
		return "SMTP_URL"
	}
	return u.Host
}

// checkMail signs in at the mail server, and sends a mail if one is wanted.
func (x *examination) checkMail(ctx context.Context) {
	const check = "mail"
	if x.Config.SMTPURL == "" {
		x.ok(check, "kept by the server, to be read at /dev/mailbox; nothing is sent")
		return
	}
	client, err := smtp.NewClient(x.Config.SMTPURL, smtp.WithHello(x.Config.PublicURL))
	if err != nil {
		x.fail(check, err.Error(), "check SMTP_URL")
		return
	}
	defer func() { _ = client.Close() }()
	state, err := client.TLSState(ctx)
	if err != nil {
		x.fail(check, err.Error(), "check SMTP_URL, and that the mail server lets this machine in")
		return
	}
	x.ok(check, "%s answers", hostOf(x.Config.SMTPURL))
	switch {
	case state != nil:
		x.checkCertificate(check, *state)
	case !client.IsLocal():
		x.warn(check, "mails travel unencrypted", "use smtps:// or add ?starttls=required to SMTP_URL")
	}
	if x.SendTestMail == nil {
		return
	}
	if err := x.SendTestMail(ctx); err != nil {
		x.fail(check, "the test mail was refused: "+err.Error(),
			"check MAIL_FROM, and that the mail server takes mails from it")
		return
	}
	x.ok(check, "the mail server has taken the test mail")
}
