// Package passwords hashes and checks passwords with argon2id (RFC 9106).
//
// A hash costs about 20 ms of one core and Argon2.Memory of memory on purpose. A Hasher computes as
// many at the same time as there are cores and refuses callers who would wait for too long.
package passwords

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"time"

	"golang.org/x/crypto/argon2"
	"golang.org/x/sync/semaphore"

	"lyceum/platform/apperr"
)

// Argon2 is the cost of a password hash. RFC 9106 §4 and OWASP recommend values for it.
type Argon2 struct {
	// Memory is in KiB.
	Memory uint32
	// Time is the number of passes over the memory.
	Time uint32
	// Parallel is the number of lanes.
	Parallel uint8
}

// Hasher computes and checks hashes, as many at the same time as there are cores: more would take
// memory and make every caller wait longer (ASVS 15.2.2). It is safe for concurrent use.
type Hasher struct {
	cost  Argon2
	slots *semaphore.Weighted
	// dummy is a hash that no password has. Checking it takes as long as checking any other.
	dummy string
}

// NewHasher returns a hasher whose new hashes have the given cost.
func NewHasher(cost Argon2) *Hasher {
	h := &Hasher{cost: cost, slots: semaphore.NewWeighted(int64(runtime.GOMAXPROCS(0)))}
	h.dummy = cost.formatHash(make([]byte, saltBytes), make([]byte, keyBytes))
	return h
}

// Sizes of a hash (RFC 9106 §3.1), and the patience of a caller.
const (
	keyBytes  = 32
	saltBytes = 16
	// maxWait is how long a password may wait for a core. The rest of a request's time is for the
	// work after it.
	maxWait = 1800 * time.Millisecond
)

// acquireSlot waits for a core. It returns an unavailable error after maxWait or if ctx ends, so
// that the callers that came earlier are served in time.
func (h *Hasher) acquireSlot(ctx context.Context) error {
	wait, cancel := context.WithTimeout(ctx, maxWait)
	defer cancel()
	if h.slots.Acquire(wait, 1) == nil {
		return nil
	}
	return apperr.Unavailable("Too many are signing in at this moment; try again.")
}

// HashPassword returns the hash of a password with a new salt, in the usual text form of argon2id.
// The whole password counts, at any length. It returns an unavailable error if too many callers are
// waiting.
func (h *Hasher) HashPassword(ctx context.Context, password string) (string, error) {
	if err := h.acquireSlot(ctx); err != nil {
		return "", err
	}
	defer h.slots.Release(1)
	salt := make([]byte, saltBytes)
	_, _ = rand.Read(salt)
	return h.cost.formatHash(salt, h.cost.deriveKey(password, salt, keyBytes)), nil
}

// CheckPassword reports whether the password belongs to the hash, and whether the hash has a lower
// cost than new hashes, so that it should be replaced. An empty hash takes as long as any other and
// never matches: the time of an answer does not tell whether an account exists. CheckPassword
// returns an unavailable error if too many callers are waiting, and another error for a malformed
// hash.
func (h *Hasher) CheckPassword(ctx context.Context, hash, password string) (match, outdated bool, err error) {
	known := hash != ""
	if !known {
		hash = h.dummy
	}
	cost, salt, want, err := parseHash(hash)
	if err != nil {
		return false, false, err
	}
	if err := h.acquireSlot(ctx); err != nil {
		return false, false, err
	}
	defer h.slots.Release(1)
	got := cost.deriveKey(password, salt, uint32(len(want)))
	match = subtle.ConstantTimeCompare(got, want) == 1 && known
	return match, cost.Memory < h.cost.Memory || cost.Time < h.cost.Time, nil
}

// formatHash returns the text form of a hash: "$argon2id$v=19$m=…,t=…,p=…$salt$key", salt and key
// in base64 without padding.
func (c Argon2) formatHash(salt, key []byte) string {
	b64 := base64.RawStdEncoding.EncodeToString
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s",
		argon2.Version, c.Memory, c.Time, c.Parallel, b64(salt), b64(key))
}

// parseHash returns the parts of a text that formatHash wrote. It returns an error for any other
// text.
func parseHash(hash string) (c Argon2, salt, key []byte, err error) {
	parts := strings.Split(hash, "$")
	if len(parts) != 6 || parts[1] != "argon2id" {
		return c, nil, nil, errors.New("not an argon2id hash")
	}
	if _, err = fmt.Sscanf(parts[3], "m=%d,t=%d,p=%d", &c.Memory, &c.Time, &c.Parallel); err != nil {
		return c, nil, nil, errors.New("not an argon2id hash")
	}
	salt, err1 := base64.RawStdEncoding.DecodeString(parts[4])
	key, err2 := base64.RawStdEncoding.DecodeString(parts[5])
	return c, salt, key, errors.Join(err1, err2)
}
