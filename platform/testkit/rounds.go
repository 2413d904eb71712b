package testkit

import (
	"os"
	"strconv"
	"testing"
	"time"
)

// EnvProve set to 1 runs randomised and racing tests with all their rounds.
const EnvProve = "LYCEUM_PROVE"

// EnvSeed repeats a randomised test with the seed that a failure has printed.
const EnvSeed = "LYCEUM_SEED"

// Rounds says how often to repeat a randomised or racing test: full times under LYCEUM_PROVE=1
// (`go tool task prove`), otherwise a fiftieth of it, and at least once.
func Rounds(full int) int {
	if os.Getenv(EnvProve) == "1" {
		return full
	}
	return max(full/50, 1)
}

// Seed gives a seed for the test's random choices, another one each time unless LYCEUM_SEED is
// set, and logs it, so that a failure can be repeated.
func Seed(t testing.TB) int64 {
	t.Helper()
	seed := time.Now().UnixNano()
	if fixed := os.Getenv(EnvSeed); fixed != "" {
		n, err := strconv.ParseInt(fixed, 10, 64)
		if err != nil {
			t.Fatalf("%s: %q is not a whole number", EnvSeed, fixed)
		}
		seed = n
	}
	t.Logf("repeat with %s=%d", EnvSeed, seed)
	return seed
}
