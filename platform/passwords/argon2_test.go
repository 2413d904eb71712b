package passwords

import (
	"encoding/hex"
	"math/rand/v2"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/crypto/argon2"

	"lyceum/platform/testkit"
)

// The memory of earlier hashes must not show in a key, whatever their costs were.
func TestDeriveKeyIsThatOfTheLibrary(t *testing.T) {
	var all sync.WaitGroup
	for worker := range 4 {
		all.Go(func() {
			random := rand.New(rand.NewPCG(1, uint64(worker)))
			text := func(most int) []byte {
				b := make([]byte, random.IntN(most))
				for i := range b {
					b[i] = byte(random.Uint32())
				}
				return b
			}
			for range testkit.Rounds(20_000) {
				c := Argon2{
					Memory: random.Uint32N(300), Time: 1 + random.Uint32N(3), Parallel: uint8(1 + random.UintN(4)),
				}
				password, salt, size := text(100), text(40), 4+random.Uint32N(100)
				want := argon2.IDKey(password, salt, c.Time, c.Memory, c.Parallel, size)
				if !assertEqual(t, want, c.deriveKey(string(password), salt, size), c) {
					return
				}
			}
		})
	}
	all.Wait()
}

// assertEqual reports a key that differs from the library's. It may be called by any goroutine.
func assertEqual(t *testing.T, want, got []byte, c Argon2) bool {
	t.Helper()
	if string(want) != string(got) {
		t.Errorf("%+v: got %x, want %x", c, got, want)
		return false
	}
	return true
}

// The vector of RFC 9106 §5.3 has a secret and associated data, which passwords do not use; this one is of the
// reference implementation's test.c.
func TestDeriveKeyOfTheReferenceImplementation(t *testing.T) {
	c := Argon2{Memory: 65536, Time: 2, Parallel: 1}
	key := c.deriveKey("password", []byte("somesalt"), 32)
	require.Equal(t, "09316115d5cf24ed5a15a31a3ba326e5cf32edc24702987c02b6566f61913cf7", hex.EncodeToString(key))
}

func TestBlocksAreEmptyAfterUse(t *testing.T) {
	blocks := takeBlocks(64)
	for i := range *blocks {
		(*blocks)[i][7] = 1
	}
	giveBack(blocks)
	for _, b := range *blocks {
		require.Equal(t, block{}, b)
	}
}

func TestImpossibleCostsPanic(t *testing.T) {
	require.Panics(t, func() { Argon2{Memory: 64, Parallel: 1}.deriveKey("a", nil, 32) })
	require.Panics(t, func() { Argon2{Memory: 64, Time: 1}.deriveKey("a", nil, 32) })
}
