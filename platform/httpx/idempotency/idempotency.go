// Package idempotency lets clients repeat a POST whose answer was lost
// (draft-ietf-httpapi-idempotency-key-header): the first answer to an Idempotency-Key is kept for 24 hours and
// repeated.
//
//	first request   claim the record  →  prepare  →  [transaction: handler, store the answer]  →  answer
//	the same again  the record is done            →  repeat its answer with Idempotency-Replayed: true
//	meanwhile       the record is claimed         →  wait up to 5 s, then 409 idempotency-in-progress
//	other body      the hashes differ             →  422 idempotency-key-reused
//
// The record commits with the change. A claim is a lease: when the process that holds it dies, another request
// takes the record over. The answer is encrypted under a key that only the client's header value gives, of
// which the table holds a hash. The server's own secret takes no part, so records stay readable when it was
// lost.
package idempotency

import (
	"context"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humafiber"
	"github.com/gofiber/fiber/v2"

	"lyceum/platform/apperr"
	"lyceum/platform/clock"
	"lyceum/platform/db"
	"lyceum/platform/httpx/problem"
	"lyceum/platform/httpx/requestinfo"
	"lyceum/platform/httpx/validation"
	"lyceum/platform/identity"
	"lyceum/platform/ids"
	"lyceum/platform/keyring"
	"lyceum/platform/migrate"
)

const (
	// keepTime is how long an answer is kept.
	keepTime = 24 * time.Hour
	// leaseTime is how long a claim holds without being renewed.
	leaseTime = 60 * time.Second
	// waitTime is how long a request waits for the one that holds its record; it looks again every pollTime.
	waitTime = 5 * time.Second
	pollTime = 50 * time.Millisecond
	// sweepTime is the time between two removals of old records.
	sweepTime = time.Hour
)

// maxKeyLength is the longest Idempotency-Key in bytes.
var maxKeyLength = 255

// Migrations create the table of the records.
var Migrations = []migrate.Migration{{
	ID: "202611240002_http_create_idempotency",
	Up: []string{
		`CREATE TABLE idempotency_records (
			id {bin} PRIMARY KEY,
			body_hash {bytes} NOT NULL,
			claim {uuid} NOT NULL,
			done {bool} NOT NULL DEFAULT FALSE,
			claimed_until bigint NOT NULL,
			answer {bytes},
			created_at bigint NOT NULL
		)`,
		`CREATE INDEX idempotency_records_created ON idempotency_records (created_at)`,
	},
	Down: []string{"DROP TABLE idempotency_records"},
}}

// Parameter documents the Idempotency-Key header.
var Parameter = &huma.Param{
	Name: "Idempotency-Key", In: "header", Schema: &huma.Schema{Type: huma.TypeString, MaxLength: &maxKeyLength},
	Description: "Send the same key again after a lost answer: within 24 h the first answer is repeated, " +
		"with Idempotency-Replayed: true.",
}

// Records are the records of all requests with an Idempotency-Key.
type Records struct {
	db    *db.DB
	clock clock.Clock
}

// record is one request with its key.
type record struct {
	// ID is a hash of operation, path, caller and key.
	ID       string
	BodyHash []byte
	// Claim is an id of the request that runs; ClaimedUntil ends its lease.
	Claim        string
	Done         bool
	ClaimedUntil clock.Time
	// Answer is an answer as JSON, encrypted.
	Answer    []byte
	CreatedAt clock.Time
}

// TableName implements the naming of tables by GORM.
func (record) TableName() string { return "idempotency_records" }

// answer is what is repeated.
type answer struct {
	Status int               `json:"s"`
	Header map[string]string `json:"h"`
	Body   []byte            `json:"b"`
}

// repeatedHeaders are the headers that belong to an answer; the server sets all others anew.
var repeatedHeaders = []string{
	fiber.HeaderContentType, fiber.HeaderLocation, fiber.HeaderETag, fiber.HeaderCacheControl,
}

// NewRecords returns the records in d.
func NewRecords(d *db.DB, c clock.Clock) *Records { return &Records{d, c} }

// Preparation does what must happen before the transaction of a request, such as expensive work without a
// database, and returns a context that carries the result.
type Preparation func(ctx context.Context, body []byte) (context.Context, error)

// Middleware makes requests with an Idempotency-Key run once; others pass through. prepare may be nil. It runs
// once, too, and before the transaction, which would hold a connection meanwhile.
func (r *Records) Middleware(prepare Preparation) func(huma.Context, func(huma.Context)) {
	return func(ctx huma.Context, next func(huma.Context)) {
		key := ctx.Header("Idempotency-Key")
		if key == "" {
			next(ctx)
			return
		}
		if len(key) > maxKeyLength {
			problem.WriteHuma(ctx, validation.InvalidAt("header.Idempotency-Key", "at most 255 characters"))
			return
		}
		if err := r.runOnce(ctx, key, prepare, next); err != nil {
			problem.WriteHuma(ctx, err)
		}
	}
}

var errNotDone = errors.New("the answer is no success: nothing of it is kept")

// runOnce lets the first request through and answers the others from its record.
func (r *Records) runOnce(ctx huma.Context, key string, prepare Preparation, next func(huma.Context)) error {
	c := humafiber.Unwrap(ctx)
	rec, secret := r.newRecord(ctx, key)
	prior, err := r.claim(ctx.Context(), rec)
	if err != nil {
		return err
	}
	if prior != nil {
		return repeatAnswer(c, secret, prior)
	}
	ready := ctx.Context()
	if prepare != nil {
		body, _ := io.ReadAll(ctx.BodyReader())
		release := r.renewLease(ready, rec)
		ready, err = prepare(ready, body)
		release()
	}
	if err != nil {
		return errors.Join(err, r.remove(ctx.Context(), rec))
	}
	err = r.db.InTx(ready, func(tx context.Context) error {
		c.Response().ResetBody()
		next(huma.WithContext(ctx, tx))
		if c.Response().StatusCode() >= 300 {
			return errNotDone
		}
		return r.store(tx, rec, secret, c)
	})
	if err == nil {
		return nil
	}
	outside := context.WithoutCancel(ctx.Context())
	status := c.Response().StatusCode()
	if errors.Is(err, errNotDone) && status < 500 && status != http.StatusTooManyRequests {
		return r.store(outside, rec, secret, c)
	}
	removed := r.remove(outside, rec)
	if errors.Is(err, errNotDone) {
		return removed
	}
	// The handler has answered already, but what it did is not there.
	c.Response().ResetBody()
	for _, name := range repeatedHeaders {
		c.Response().Header.Del(name)
	}
	requestinfo.FromContext(outside).HasETag = false
	return err
}

// renewLease keeps the claim while work goes on that may outlast its lease, until release is called.
func (r *Records) renewLease(ctx context.Context, rec record) (release func()) {
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	go func() {
		for {
			select {
			case <-ctx.Done():
				return
			case <-time.After(leaseTime / 3):
			}
			err := r.db.Conn(ctx).Exec(
				"UPDATE idempotency_records SET claimed_until = ? WHERE id = ? AND claim = ? AND NOT done",
				r.clock.Now().Add(leaseTime), rec.ID, rec.Claim).Error
			if err != nil && ctx.Err() == nil {
				slog.Warn("idempotency record not renewed", "error", err)
			}
		}
	}()
	return cancel
}

// remove lets the next request with the key run.
func (r *Records) remove(ctx context.Context, rec record) error {
	conn := r.db.Conn(context.WithoutCancel(ctx))
	return conn.Exec("DELETE FROM idempotency_records WHERE id = ? AND claim = ?", rec.ID, rec.Claim).Error
}

// newRecord returns the record of a request, known by operation, path, caller and key, and the secret of its
// answer. An anonymous caller is known by key and body alone.
func (r *Records) newRecord(ctx huma.Context, key string) (rec record, secret []byte) {
	body, _ := io.ReadAll(ctx.BodyReader()) // it is in memory already
	caller := identity.CallerFrom(ctx.Context()).UserID
	digest := requestinfo.FromContext(ctx.Context()).BodyDigest // of an upload
	if digest == nil {
		sum := sha256.Sum256(body)
		digest = sum[:]
	}
	// Under the client's key, as a body may hold a password: the table must not offer a quick hash of it for
	// guessing.
	keyed := hmac.New(sha256.New, []byte(key))
	keyed.Write(digest)
	bodyHash := keyed.Sum(nil)
	parts := []string{ctx.Method(), requestinfo.FromContext(ctx.Context()).Path, caller, key}
	if caller == "" {
		parts = append(parts, string(bodyHash))
	}
	h := sha256.New()
	h.Write([]byte("lyceum idempotency record"))
	for _, p := range parts {
		sum := sha256.Sum256([]byte(p))
		h.Write(sum[:])
	}
	now := r.clock.Now()
	secret, err := hkdf.Key(sha256.New, []byte(key), bodyHash, "lyceum idempotency answer "+caller, 32)
	if err != nil {
		panic(err) // only for a length that is out of bounds
	}
	return record{
		ID: hex.EncodeToString(h.Sum(nil)), BodyHash: bodyHash,
		Claim: ids.New(), ClaimedUntil: now.Add(leaseTime), CreatedAt: now,
	}, secret
}

// claim claims the record and returns nil, or returns the finished one. It waits while another request runs,
// and returns idempotency-in-progress after waitTime.
func (r *Records) claim(ctx context.Context, rec record) (*record, error) {
	// The wait outlasts the usual limit of an answer: that is what the client asked for.
	ctx = context.WithoutCancel(ctx)
	deadline := time.Now().Add(waitTime)
	for {
		prior, err := r.tryClaim(ctx, rec)
		if err != nil || prior == nil {
			return nil, err
		}
		if string(prior.BodyHash) != string(rec.BodyHash) {
			return nil, problemIdempotencyKeyReused.New("This Idempotency-Key came with another body before.")
		}
		if prior.Done {
			return prior, nil
		}
		if time.Now().After(deadline) {
			e := problemIdempotencyInProgress.New("The first request with this Idempotency-Key still runs.")
			e.RetryAfter = time.Second
			return nil, e
		}
		time.Sleep(pollTime)
	}
}

// tryClaim inserts the record and returns nil, or returns the one that is there. It takes over a record that is
// older than keepTime or whose lease has ended.
func (r *Records) tryClaim(ctx context.Context, rec record) (prior *record, err error) {
	err = r.db.InTx(ctx, func(ctx context.Context) error {
		conn := r.db.Conn(ctx)
		prior = nil
		res := conn.Exec(`INSERT INTO idempotency_records (id, body_hash, claim, done, claimed_until, created_at) VALUES (?, ?, ?, FALSE, ?, ?)
			ON CONFLICT (id) DO UPDATE SET body_hash = excluded.body_hash, claim = excluded.claim, done = FALSE,
				claimed_until = excluded.claimed_until, created_at = excluded.created_at, answer = NULL
			WHERE idempotency_records.created_at < ? OR (NOT idempotency_records.done AND idempotency_records.claimed_until < ?)`,
			rec.ID, rec.BodyHash, rec.Claim, rec.ClaimedUntil, rec.CreatedAt, rec.CreatedAt.Add(-keepTime), rec.CreatedAt)
		if res.Error != nil || res.RowsAffected == 1 {
			return res.Error
		}
		prior = &record{}
		return conn.Where("id = ?", rec.ID).Take(prior).Error
	})
	if db.IsNotFound(err) {
		return &record{BodyHash: rec.BodyHash}, nil // freed this moment: look again
	}
	return prior, err
}

// store makes the record done with the answer as it stands in the response.
func (r *Records) store(ctx context.Context, rec record, secret []byte, c *fiber.Ctx) error {
	a := answer{Status: c.Response().StatusCode(), Header: map[string]string{}, Body: c.Response().Body()}
	for _, name := range repeatedHeaders {
		if v := c.GetRespHeader(name); v != "" {
			a.Header[name] = v
		}
	}
	raw, err := json.Marshal(a)
	if err != nil {
		return err
	}
	return r.db.InTx(ctx, func(ctx context.Context) error {
		res := r.db.Conn(ctx).Exec("UPDATE idempotency_records SET done = TRUE, answer = ? WHERE id = ? AND claim = ?",
			keyring.Seal(secret, raw), rec.ID, rec.Claim)
		if res.Error == nil && res.RowsAffected == 0 {
			// Another request took over after the lease: the change of this one must not commit, too.
			return apperr.Unavailable("The request took too long; send it again.")
		}
		return res.Error
	})
}

// repeatAnswer answers with what a finished record holds. It returns idempotency-key-reused if that can't be read.
func repeatAnswer(c *fiber.Ctx, secret []byte, rec *record) error {
	var a answer
	raw, err := keyring.Unseal(secret, rec.Answer)
	if err == nil {
		err = json.Unmarshal(raw, &a)
	}
	if err != nil {
		// The request must not run again, but its answer is lost.
		return problemIdempotencyKeyReused.New("The first answer to this Idempotency-Key can't be read any more. " +
			"Look whether the request was carried out; if not, send it with another key.").WithCause(err)
	}
	for k, v := range a.Header {
		c.Set(k, v)
	}
	c.Set("Idempotency-Replayed", "true")
	c.Status(a.Status)
	c.Response().SetBody(a.Body)
	return nil
}

// Sweep removes records past keepTime, every sweepTime until ctx ends.
func (r *Records) Sweep(ctx context.Context) {
	for {
		oldest := r.clock.Now().Add(-keepTime)
		err := r.db.Conn(ctx).Exec("DELETE FROM idempotency_records WHERE created_at < ?", oldest).Error
		if err != nil && ctx.Err() == nil {
			slog.Warn("old idempotency records not removed", "error", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(sweepTime):
		}
	}
}
