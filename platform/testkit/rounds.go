package testkit

import (
	"os"
	"strconv"
	"testing"
	"time"
)

// EnvProve is the variable that makes randomized and racing tests run all their rounds if it is 1.
const EnvProve = "LYCEUM_PROVE"

// EnvSeed is the variable that repeats a randomized test with the seed that a failure has printed.
const EnvSeed = "LYCEUM_SEED"

// Rounds returns how often to repeat a randomized or racing test: full times under LYCEUM_PROVE=1
// (`go tool task prove`), otherwise a fiftieth of that and at least once.
func Rounds(full int) int {
	if os.Getenv(EnvProve) == "1" {
		return full
	}
	return max(full/50, 1)
}

// Seed returns and logs a seed for the random choices of a test. It is another one each time unless
// LYCEUM_SEED repeats an earlier run.
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
