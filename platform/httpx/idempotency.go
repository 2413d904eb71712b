package httpx

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

// Times of Idempotency-Key (draft-ietf-httpapi-idempotency-key-header).
const (
	idemKeep  = 24 * time.Hour
	idemLease = 60 * time.Second
	idemWait  = 5 * time.Second
	idemPoll  = 50 * time.Millisecond
	maxIdem   = 255
)

// Migrations of the records.
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

var idemLength = maxIdem

var idempotencyParam = &huma.Param{Name: "Idempotency-Key", In: "header", Schema: &huma.Schema{Type: "string", MaxLength: &idemLength},
	Description: "Send the same key again after a lost answer: within 24 h the first answer is repeated, with Idempotency-Replayed: true."}

// idempotency repeats the first answer to a repeated POST. The record commits with the change; the answer is encrypted
// under a key that only the client's header value gives, of which the table holds a hash. The server's own secret takes no
// part: after it was lost, a repeated request must still find its record.
type idempotency struct {
	db    *db.DB
	clock clock.Clock
}

type idemRecord struct {
	ID           string
	BodyHash     []byte
	Claim        string
	Done         bool
	ClaimedUntil clock.Time
	Answer       []byte
	CreatedAt    clock.Time
}

func (idemRecord) TableName() string { return "idempotency_records" }

type idemAnswer struct {
	Status int               `json:"s"`
	Header map[string]string `json:"h"`
	Body   []byte            `json:"b"`
}

var repeatedHeaders = []string{fiber.HeaderContentType, fiber.HeaderLocation, fiber.HeaderETag, fiber.HeaderCacheControl}

func newIdempotency(d *db.DB, c clock.Clock) *idempotency { return &idempotency{d, c} }

// middleware holds a route to its Idempotency-Key. prepare, if any, runs before the transaction: what takes long
// and asks no database must not hold one.
func (i *idempotency) middleware(api huma.API, prepare Preparation) func(huma.Context, func(huma.Context)) {
	return func(ctx huma.Context, next func(huma.Context)) {
		key := ctx.Header("Idempotency-Key")
		if key == "" {
			next(ctx)
			return
		}
		if len(key) > maxIdem {
			problem.WriteHuma(ctx, validation.InvalidAt("header.Idempotency-Key", "at most 255 characters"))
			return
		}
		if err := i.once(ctx, key, prepare, next); err != nil {
			problem.WriteHuma(ctx, err)
		}
	}
}

var errNotDone = errors.New("the answer is no success: nothing of it is kept")

// once lets the first request through and answers the others from its record.
func (i *idempotency) once(ctx huma.Context, key string, prepare Preparation, next func(huma.Context)) error {
	c := humafiber.Unwrap(ctx)
	rec, secret := i.record(ctx, key)
	prior, err := i.claim(ctx.Context(), rec)
	if err != nil {
		return err
	}
	if prior != nil {
		return replay(c, secret, prior)
	}
	ready := ctx.Context()
	if prepare != nil {
		body, _ := io.ReadAll(ctx.BodyReader())
		let := i.hold(ready, rec)
		ready, err = prepare(ready, body)
		let()
	}
	if err != nil {
		return errors.Join(err, i.free(ready, rec))
	}
	err = i.db.InTx(ready, func(tx context.Context) error {
		c.Response().ResetBody()
		next(huma.WithContext(ctx, tx))
		if c.Response().StatusCode() >= 300 {
			return errNotDone
		}
		return i.store(tx, rec, secret, c)
	})
	if err == nil {
		return nil
	}
	outside := context.WithoutCancel(ctx.Context())
	status := c.Response().StatusCode()
	if errors.Is(err, errNotDone) && status < 500 && status != http.StatusTooManyRequests {
		return i.store(outside, rec, secret, c)
	}
	free := i.free(outside, rec)
	if errors.Is(err, errNotDone) {
		return free
	}
	// The handler has answered already, but what it did is not there.
	c.Response().ResetBody()
	for _, name := range repeatedHeaders {
		c.Response().Header.Del(name)
	}
	requestinfo.From(outside).HasETag = false
	return err
}

// hold keeps the record ours while work goes on that may outlast its lease, until let is called.
func (i *idempotency) hold(ctx context.Context, rec idemRecord) (let func()) {
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	go func() {
		for {
			select {
			case <-ctx.Done():
				return
			case <-time.After(idemLease / 3):
			}
			err := i.db.Conn(ctx).Exec("UPDATE idempotency_records SET claimed_until = ? WHERE id = ? AND claim = ? AND NOT done",
				i.clock.Now().Add(idemLease), rec.ID, rec.Claim).Error
			if err != nil && ctx.Err() == nil {
				slog.Warn("an idempotency record could not be kept", "error", err)
			}
		}
	}()
	return cancel
}

// free lets the next request with the key run.
func (i *idempotency) free(ctx context.Context, rec idemRecord) error {
	return i.db.Conn(context.WithoutCancel(ctx)).Exec("DELETE FROM idempotency_records WHERE id = ? AND claim = ?", rec.ID, rec.Claim).Error
}

// record names the request: operation, path, caller and key; an anonymous caller is known by key and body alone.
func (i *idempotency) record(ctx huma.Context, key string) (rec idemRecord, secret []byte) {
	body, _ := io.ReadAll(ctx.BodyReader()) // guardBody holds it in memory
	caller := identity.CallerFrom(ctx.Context()).UserID
	sum := sha256.Sum256(body)
	if u := UploadFrom(ctx.Context()); u != nil {
		sum = u.sum
	}
	// Under the client's key, as a body may hold a password: the table must not offer a quick hash of it for guessing.
	keyed := hmac.New(sha256.New, []byte(key))
	keyed.Write(sum[:])
	bodyHash := keyed.Sum(nil)
	parts := []string{ctx.Method(), requestinfo.From(ctx.Context()).Path, caller, key}
	if caller == "" {
		parts = append(parts, string(bodyHash))
	}
	h := sha256.New()
	h.Write([]byte("lyceum idempotency record"))
	for _, p := range parts {
		sum := sha256.Sum256([]byte(p))
		h.Write(sum[:])
	}
	now := i.clock.Now()
	secret, err := hkdf.Key(sha256.New, []byte(key), bodyHash, "lyceum idempotency answer "+caller, 32)
	if err != nil {
		panic(err) // only for a length that is out of bounds
	}
	return idemRecord{ID: hex.EncodeToString(h.Sum(nil)), BodyHash: bodyHash, Claim: ids.New(), ClaimedUntil: now.Add(idemLease), CreatedAt: now}, secret
}

// claim makes the record ours, or gives the finished one, waiting for one that still runs.
func (i *idempotency) claim(ctx context.Context, rec idemRecord) (*idemRecord, error) {
	// The wait outlasts the usual limit of an answer: that is what the client asked for.
	ctx = context.WithoutCancel(ctx)
	deadline := time.Now().Add(idemWait)
	for {
		prior, err := i.try(ctx, rec)
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
		time.Sleep(idemPoll)
	}
}

// try inserts the record; nil means it is ours, else the one that is there. A record past 24 h, or
// left by a killed process, is taken over.
func (i *idempotency) try(ctx context.Context, rec idemRecord) (prior *idemRecord, err error) {
	err = i.db.InTx(ctx, func(ctx context.Context) error {
		conn := i.db.Conn(ctx)
		prior = nil
		res := conn.Exec(`INSERT INTO idempotency_records (id, body_hash, claim, done, claimed_until, created_at) VALUES (?, ?, ?, FALSE, ?, ?)
			ON CONFLICT (id) DO UPDATE SET body_hash = excluded.body_hash, claim = excluded.claim, done = FALSE,
				claimed_until = excluded.claimed_until, created_at = excluded.created_at, answer = NULL
			WHERE idempotency_records.created_at < ? OR (NOT idempotency_records.done AND idempotency_records.claimed_until < ?)`,
			rec.ID, rec.BodyHash, rec.Claim, rec.ClaimedUntil, rec.CreatedAt, rec.CreatedAt.Add(-idemKeep), rec.CreatedAt)
		if res.Error != nil || res.RowsAffected == 1 {
			return res.Error
		}
		prior = &idemRecord{}
		return conn.Where("id = ?", rec.ID).Take(prior).Error
	})
	if db.IsNotFound(err) {
		return &idemRecord{BodyHash: rec.BodyHash}, nil // freed this moment: look again
	}
	return prior, err
}

func (i *idempotency) store(ctx context.Context, rec idemRecord, secret []byte, c *fiber.Ctx) error {
	a := idemAnswer{Status: c.Response().StatusCode(), Header: map[string]string{}, Body: c.Response().Body()}
	for _, name := range repeatedHeaders {
		if v := c.GetRespHeader(name); v != "" {
			a.Header[name] = v
		}
	}
	raw, err := json.Marshal(a)
	if err != nil {
		return err
	}
	return i.db.InTx(ctx, func(ctx context.Context) error {
		res := i.db.Conn(ctx).Exec("UPDATE idempotency_records SET done = TRUE, answer = ? WHERE id = ? AND claim = ?", keyring.Seal(secret, raw), rec.ID, rec.Claim)
		if res.Error == nil && res.RowsAffected == 0 {
			// Ran past its lease and another took over: this one's change must not stand beside it.
			return apperr.Unavailable("The request took too long; send it again.")
		}
		return res.Error
	})
}

func replay(c *fiber.Ctx, secret []byte, rec *idemRecord) error {
	var a idemAnswer
	raw, err := keyring.Unseal(secret, rec.Answer)
	if err == nil {
		err = json.Unmarshal(raw, &a)
	}
	if err != nil {
		// The record is there, so the request must not run again, but nobody can tell what was answered.
		return problemIdempotencyKeyReused.New("The first answer to this Idempotency-Key can't be read any more. " +
			"Look whether the request was carried out; if not, send it with another key.").Because(err)
	}
	for k, v := range a.Header {
		c.Set(k, v)
	}
	c.Set("Idempotency-Replayed", "true")
	c.Status(a.Status)
	c.Response().SetBody(a.Body)
	return nil
}

// SweepRecords removes idempotency records past their time, once an hour until ctx ends.
func (s *Server) SweepRecords(ctx context.Context) {
	for {
		err := s.o.DB.Conn(ctx).Exec("DELETE FROM idempotency_records WHERE created_at < ?", s.o.Clock.Now().Add(-idemKeep)).Error
		if err != nil && ctx.Err() == nil {
			slog.Warn("old idempotency records stay for now", "error", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(time.Hour):
		}
	}
}
