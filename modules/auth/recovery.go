package auth

import (
	"crypto/rand"
	"strings"
)

// recoveryAlphabet has no letters and digits that look alike.
const recoveryAlphabet = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"

// newRecoveryCodes makes codes of 80 bits each, in four groups.
func newRecoveryCodes() []string {
	out := make([]string, recoveries)
	for i := range out {
		raw := make([]byte, 16)
		_, _ = rand.Read(raw)
		var b strings.Builder
		for j, v := range raw {
			if j > 0 && j%4 == 0 {
				b.WriteByte('-')
			}
			b.WriteByte(recoveryAlphabet[v&31])
		}
		out[i] = b.String()
	}
	return out
}

// hashesOf are what the table holds of recovery codes; case, spaces and dashes don't matter.
func (s *Service) hashesOf(userID string, codes []string) [][]byte {
	out := make([][]byte, len(codes))
	for i, c := range codes {
		c = strings.ToUpper(strings.NewReplacer("-", "", " ", "").Replace(c))
		out[i] = hashOf(userID + " " + c)
	}
	return out
}
