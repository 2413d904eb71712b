package invites

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// Every bit of a code is as likely as not, beyond the prefix that everybody sees, and no two are
// alike (I1).
func TestCodesAreRandom(t *testing.T) {
	const n = 4000
	seen, ones := map[string]bool{}, [codeGroups * codeGroupSize * 5]int{}
	for range n {
		code := newCode()
		require.Regexp(t, `^([0-9A-HJKMNP-TV-Z]{5}-){5}[0-9A-HJKMNP-TV-Z]{5}$`, code)
		require.False(t, seen[code])
		seen[code] = true
		for i, r := range strings.ReplaceAll(code, "-", "") {
			digit := strings.IndexRune("0123456789ABCDEFGHJKMNPQRSTVWXYZ", r)
			for bit := range 5 {
				ones[5*i+bit] += digit >> bit & 1
			}
		}
	}
	for i, count := range ones {
		require.InDelta(t, n/2, count, 250, "bit %d", i) // eight standard deviations
	}
	require.GreaterOrEqual(t, len(ones)-5*codePrefixSize, 128)
}

// However a code is typed, or a mail program has dressed it up, it is the same.
func TestCodesAreReadTolerantly(t *testing.T) {
	for _, typed := range []string{
		"0A1B1-CD234", "oaibl-cd234", " 0a1b1 cd234 ", "0A1B1CD234", "0A1B1–CD234",
		"0A1B1\u00a0—\u2011cd23\u200b4\n", "OAlBI−CD234",
	} {
		require.Equal(t, hashCode([]byte("k"), "0A1B1-CD234"), hashCode([]byte("k"), typed), "%q", typed)
	}
	require.NotEqual(t, hashCode([]byte("k"), "0A1B1-CD234"), hashCode([]byte("k"), "0A1B1-CD235"))
	require.NotEqual(t, hashCode([]byte("k"), "0A1B1-CD234"), hashCode([]byte("x"), "0A1B1-CD234"))
	require.Equal(t, 128, len([]rune(truncateCode(strings.Repeat("日", 1000)))))
	require.Equal(t, "short", truncateCode("short"))
}
