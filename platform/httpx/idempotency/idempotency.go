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
	"lyceum/platform/lifecycle"
)

const (
	// keepTime is how long an answer is kept.
	keepTime = 24 * time.Hour
	// leaseTime is the lease of a claim. After a process was killed, its requests can be sent again once their leases
	// have ended. It is renewed every third of its time, so it holds while the clocks of replicas differ by up to five
	// seconds. Nothing is done twice if a claim is lost all the same: the transaction of its request does not commit.
	leaseTime = 8 * time.Second
	// waitTime is how long a request waits for the one that holds its record; it looks again every pollTime.
	waitTime = 5 * time.Second
	// minEndTime is the time to end a claim when that of the answer is used up.
	minEndTime = 400 * time.Millisecond
	pollTime   = 50 * time.Millisecond
	// sweepTime is the time between two removals of old records.
	sweepTime = time.Hour
)

// maxKeyLength is the longest Idempotency-Key in bytes.
var maxKeyLength = 255

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
	// lease is how long a claim holds without being renewed.
	lease time.Duration
	// renewals are the renewed leases of the requests under way.
	renewals lifecycle.Tasks
}

// record is one request with its key.
type record struct {
	// ID is a hash of operation, path, caller and key.
	ID       string
	BodyHash []byte
	// Claim is an id of the request that runs; ClaimedUntil ends its lease.
	Claim string
	// OperationID is the same for all requests that claim the record one after the other.
	OperationID  string
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
func NewRecords(d *db.DB, c clock.Clock) *Records { return &Records{db: d, clock: c, lease: leaseTime} }

type operationKey struct{}

// OperationID returns an id for what the request creates, which is the same whenever the request is repeated with its
// Idempotency-Key. It returns "" for a request without a key.
func OperationID(ctx context.Context) string {
	id, _ := ctx.Value(operationKey{}).(string)
	return id
}

// Middleware makes requests with an Idempotency-Key run once. For all requests, with a key or without, it commits the
// first transaction of the handler when the answer is known, and rolls it back if the answer is an error.
func (r *Records) Middleware(ctx huma.Context, next func(huma.Context)) {
	if err := r.serve(ctx, next); err != nil {
		problem.WriteHuma(ctx, err)
	}
}

func (r *Records) serve(ctx huma.Context, next func(huma.Context)) error {
	key := ctx.Header("Idempotency-Key")
	switch {
	case key == "":
		requestCtx, deferral := r.db.DeferCommit(ctx.Context())
		err := runHandler(requestCtx, ctx, deferral, next, nil)
		if errors.Is(err, errNoSuccess) {
			return nil
		}
		return err
	case len(key) > maxKeyLength:
		return validation.InvalidAt("header.Idempotency-Key", "at most 255 characters")
	}
	return r.runOnce(ctx, key, next)
}

// runOnce lets the first request through and answers the others from its record.
func (r *Records) runOnce(ctx huma.Context, key string, next func(huma.Context)) error {
	c := humafiber.Unwrap(ctx)
	rec, secret := r.newRecord(ctx, key)
	prior, answerTime, err := r.waitForClaim(ctx.Context(), &rec)
	if err != nil {
		return err
	}
	if prior != nil {
		return repeatAnswer(c, secret, prior)
	}
	// The handler has its whole time, however long the request has waited for another one.
	outside, began := context.WithoutCancel(ctx.Context()), time.Now()
	handlerCtx, cancel := context.WithTimeout(outside, answerTime)
	defer cancel()
	requestCtx, deferral := r.db.DeferCommit(context.WithValue(handlerCtx, operationKey{}, rec.OperationID))
	endRenewal := r.renewLease(outside, rec, deferral)
	defer endRenewal()
	panicked := true
	defer func() {
		if panicked {
			_ = r.releaseClaim(outside, rec)
		}
	}()
	err = runHandler(requestCtx, ctx, deferral, next, func(tx context.Context) error {
		return r.storeAnswer(tx, rec, secret, c)
	})
	panicked = false
	if err == nil {
		return nil
	}
	// A database that does not answer must not hold the answer up: the claim ends by itself then.
	ending, cancelEnding := context.WithTimeout(outside, max(answerTime-time.Since(began), minEndTime))
	defer cancelEnding()
	if errors.Is(err, errNoSuccess) && isRefusal(c.Response().StatusCode()) {
		return r.storeAnswer(ending, rec, secret, c)
	}
	released := r.releaseClaim(ending, rec)
	if errors.Is(err, errNoSuccess) {
		return released
	}
	return err
}

// untilDeadline returns how long a context lasts, or an hour if it has no deadline.
func untilDeadline(ctx context.Context) time.Duration {
	if deadline, ok := ctx.Deadline(); ok {
		return time.Until(deadline)
	}
	return time.Hour
}

// isSuccess reports whether the change of a request with this status is kept.
func isSuccess(status int) bool { return status >= 200 && status < 300 }

// isRefusal reports whether the same request would be refused again: its answer is kept and repeated. After 429 and
// after faults of the server the client may try again.
func isRefusal(status int) bool {
	return status >= 400 && status < 500 && status != http.StatusTooManyRequests
}

// maxRuns is how often a handler runs when the database can't commit its change beside those of others.
const maxRuns = 3

// errNoSuccess means that the handler has answered with an error, so that its transaction is not kept. The answer may be:
// see isRefusal.
var errNoSuccess = errors.New("the answer is no success: its transaction is not kept")

// runHandler runs the handler and commits what it did, together with what addAnswer writes; addAnswer may be nil. It
// returns errNoSuccess if the handler has answered with an error, and another error if the change could not be
// committed: then the body and the repeatedHeaders of the answer are taken back. In both cases nothing of the
// transaction is kept.
func runHandler(
	requestCtx context.Context, ctx huma.Context, deferral *db.Deferral, next func(huma.Context),
	addAnswer func(context.Context) error,
) (err error) {
	c := humafiber.Unwrap(ctx)
	defer deferral.End()
	for range maxRuns {
		next(huma.WithContext(ctx, requestCtx))
		if !isSuccess(c.Response().StatusCode()) {
			return errNoSuccess
		}
		if err = deferral.Commit(addAnswer); err == nil {
			return nil
		}
		c.Response().ResetBody()
		for _, name := range repeatedHeaders {
			c.Response().Header.Del(name)
		}
		requestinfo.FromContext(requestCtx).HasETag = false
		if !db.IsRetryable(err) {
			return err
		}
	}
	return err
}

// renewLease keeps the claim until end is called, while work goes on that may outlast its lease. On SQLite it stops when
// the transaction has begun: it could not write beside it, and neither could a request that takes over.
func (r *Records) renewLease(ctx context.Context, rec record, deferral *db.Deferral) (end func()) {
	ctx, end = context.WithCancel(ctx)
	renew := func(ctx context.Context) {
		if r.db.Dialect() == db.SQLite && deferral.HasBegun() {
			return
		}
		err := r.db.Conn(ctx).Exec("UPDATE idempotency_records SET claimed_until = ? WHERE id = ? AND claim = ? AND NOT done",
			r.clock.Now().Add(r.lease), rec.ID, rec.Claim).Error
		if err != nil && ctx.Err() == nil {
			slog.WarnContext(ctx, "idempotency record not renewed", "error", err)
		}
	}
	r.renewals.Run("idempotency lease", func(context.Context) {
		lifecycle.RunEvery(ctx, "idempotency lease", r.lease/3, renew)
	})
	return end
}

// releaseClaim ends the claim, so that the next request with the key runs.
func (r *Records) releaseClaim(ctx context.Context, rec record) error {
	return r.db.Conn(ctx).Exec("UPDATE idempotency_records SET claimed_until = 0 WHERE id = ? AND claim = ? AND NOT done",
		rec.ID, rec.Claim).Error
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
	secret, err := hkdf.Key(sha256.New, []byte(key), bodyHash, "lyceum idempotency answer "+caller, 32)
	if err != nil {
		panic(err) // only for a length that is out of bounds
	}
	return record{
		ID: hex.EncodeToString(h.Sum(nil)), BodyHash: bodyHash,
		Claim: ids.New(), OperationID: ids.New(),
	}, secret
}

// waitForClaim claims the record and returns nil and the time that is left for the handler, or returns the finished
// record. It waits while another request runs, and returns idempotency-in-progress after waitTime.
func (r *Records) waitForClaim(ctx context.Context, rec *record) (prior *record, left time.Duration, err error) {
	answerTime := untilDeadline(ctx)
	// The wait outlasts the usual limit of an answer: that is what the client asked for. A database that does not
	// answer does not: each try has the time of an answer.
	ctx = context.WithoutCancel(ctx)
	wait, cancel := context.WithTimeout(ctx, waitTime)
	defer cancel()
	for {
		began := time.Now()
		prior, err := r.tryClaimWithin(ctx, answerTime, rec)
		switch {
		case err != nil || prior == nil:
			return nil, answerTime - time.Since(began), err
		case string(prior.BodyHash) != string(rec.BodyHash):
			return nil, 0, problemIdempotencyKeyReused.New(
				"This Idempotency-Key was sent with another body before. Use a new key for each action.")
		case prior.Done:
			return prior, 0, nil
		}
		if !lifecycle.Sleep(wait, pollTime) {
			e := problemIdempotencyInProgress.New(
				"The first request with this Idempotency-Key is still running. Send this one again in a moment.")
			e.RetryAfter = time.Second
			return nil, 0, e
		}
	}
}

// claimStatement inserts a record, or takes over one that is older than keepTime or whose lease has ended. A request
// that takes over the record of the same request continues its operation.
const claimStatement = `INSERT INTO idempotency_records AS r
		(id, body_hash, claim, operation_id, done, claimed_until, created_at) VALUES (?, ?, ?, ?, FALSE, ?, ?)
	ON CONFLICT (id) DO UPDATE SET
		operation_id = CASE WHEN r.created_at >= ? AND r.body_hash = excluded.body_hash
			THEN COALESCE(r.operation_id, excluded.operation_id) ELSE excluded.operation_id END,
		body_hash = excluded.body_hash, claim = excluded.claim, done = FALSE,
		claimed_until = excluded.claimed_until, created_at = excluded.created_at, answer = NULL
	WHERE r.created_at < ? OR (NOT r.done AND r.claimed_until < ?)
	RETURNING operation_id`

// tryClaimWithin is tryClaim with a limit of time.
func (r *Records) tryClaimWithin(ctx context.Context, limit time.Duration, rec *record) (prior *record, err error) {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	return r.tryClaim(ctx, rec)
}

// tryClaim claims the record, sets its OperationID and returns nil, or returns the one that is there.
func (r *Records) tryClaim(ctx context.Context, rec *record) (prior *record, err error) {
	// A request that has waited claims from now on.
	rec.CreatedAt = r.clock.Now()
	rec.ClaimedUntil = rec.CreatedAt.Add(r.lease)
	oldest := rec.CreatedAt.Add(-keepTime)
	err = r.db.InTx(ctx, func(ctx context.Context) error {
		prior = nil
		err := r.db.QueryRow(ctx, claimStatement, []any{
			rec.ID, rec.BodyHash, rec.Claim, rec.OperationID, rec.ClaimedUntil, rec.CreatedAt, oldest, oldest, rec.CreatedAt,
		}, &rec.OperationID)
		if !db.IsNotFound(err) {
			return err
		}
		prior = &record{}
		return r.db.Conn(ctx).Where("id = ?", rec.ID).Take(prior).Error
	})
	if db.IsNotFound(err) {
		return &record{BodyHash: rec.BodyHash}, nil // freed this moment: look again
	}
	return prior, err
}

// storeAnswer makes the record done with the answer as it stands in the response.
func (r *Records) storeAnswer(ctx context.Context, rec record, secret []byte, c *fiber.Ctx) error {
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

// SweepExpired removes records past keepTime, every sweepTime until ctx ends.
func (r *Records) SweepExpired(ctx context.Context) {
	lifecycle.RunRepeatedly(ctx, "idempotency sweep", sweepTime, func(ctx context.Context) {
		oldest := r.clock.Now().Add(-keepTime)
		err := r.db.Conn(ctx).Exec("DELETE FROM idempotency_records WHERE created_at < ?", oldest).Error
		if err != nil && ctx.Err() == nil {
			slog.Warn("old idempotency records not removed", "error", err)
		}
	})
	r.renewals.Wait()
}
