// Package passwords hashes and checks passwords with argon2id.
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

// Argon2 is the cost of a password hash (RFC 9106): Memory in KiB.
type Argon2 struct {
	Memory   uint32
	Time     uint32
	Parallel uint8
}

// Hasher makes and checks argon2id hashes, as many at once as there are cores: more would only
// take memory and make every caller wait longer (ASVS 15.2.2).
type Hasher struct {
	cost  Argon2
	slots *semaphore.Weighted
	dummy string
}

// NewHasher makes a hasher with the given cost for new hashes.
func NewHasher(cost Argon2) *Hasher {
	h := &Hasher{cost: cost, slots: semaphore.NewWeighted(int64(runtime.GOMAXPROCS(0)))}
	h.dummy = cost.encode(make([]byte, 16), make([]byte, 32))
	return h
}

const keyLength = 32

// hashWait is how long a password may wait for a core; the rest of an answer's time is for what follows.
const hashWait = 1800 * time.Millisecond

// acquire takes a slot: 503 when too many are waiting already, so that those in front are served.
func (h *Hasher) acquire(ctx context.Context) error {
	wait, cancel := context.WithTimeout(ctx, hashWait)
	defer cancel()
	if h.slots.Acquire(wait, 1) == nil {
		return nil
	}
	return apperr.Unavailable("Too many are signing in at this moment; try again.")
}

// Hash gives the encoded hash of a password. The password is used whole, at any length.
func (h *Hasher) Hash(ctx context.Context, password string) (string, error) {
	if err := h.acquire(ctx); err != nil {
		return "", err
	}
	defer h.slots.Release(1)
	salt := make([]byte, 16)
	_, _ = rand.Read(salt)
	return h.cost.encode(salt, argon2.IDKey([]byte(password), salt, h.cost.Time, h.cost.Memory, h.cost.Parallel, keyLength)), nil
}

// Check says whether the password belongs to the hash, and whether the hash was made at a lower
// cost and should be made again. An empty hash takes as long and never matches, so that an
// unknown account can't be told by the time.
func (h *Hasher) Check(ctx context.Context, hash, password string) (match, outdated bool, err error) {
	known := hash != ""
	if !known {
		hash = h.dummy
	}
	cost, salt, want, err := decode(hash)
	if err != nil {
		return false, false, err
	}
	if err := h.acquire(ctx); err != nil {
		return false, false, err
	}
	defer h.slots.Release(1)
	got := argon2.IDKey([]byte(password), salt, cost.Time, cost.Memory, cost.Parallel, uint32(len(want)))
	return subtle.ConstantTimeCompare(got, want) == 1 && known, cost.Memory < h.cost.Memory || cost.Time < h.cost.Time, nil
}

func (c Argon2) encode(salt, key []byte) string {
	b64 := base64.RawStdEncoding.EncodeToString
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, c.Memory, c.Time, c.Parallel, b64(salt), b64(key))
}

func decode(hash string) (c Argon2, salt, key []byte, err error) {
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
