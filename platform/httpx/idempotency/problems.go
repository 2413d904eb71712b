package idempotency

import "lyceum/platform/apperr"

// The problems that only this package meets.
var (
	problemIdempotencyKeyReused = apperr.Problem{
		Kind: apperr.KindInvalid, Code: "idempotency-key-reused", Title: "Idempotency-Key reused",
		Meaning: "The same Idempotency-Key came with another body before, or its first answer can't be repeated. Use " +
			"a new key for a new request.",
	}
	problemIdempotencyInProgress = apperr.Problem{
		Kind: apperr.KindConflict, Code: "idempotency-in-progress", Title: "Still in progress",
		Meaning: "The first request with this Idempotency-Key is still running. Ask again in a moment.",
	}
)

// Problems lists the problems that this package declares.
var Problems = []apperr.Problem{problemIdempotencyKeyReused, problemIdempotencyInProgress}
