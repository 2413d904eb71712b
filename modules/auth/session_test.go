package auth

import (
	"encoding/base64"
	"testing"

	"github.com/stretchr/testify/require"

	"lyceum/platform/ids"
)

// Whatever is sent as a refresh token, only what was made for the session holds.
func FuzzRefreshToken(f *testing.F) {
	r := refreshTokens{key: make([]byte, 32)}
	se := &session{ID: ids.New(), Salt: []byte("salt"), Generation: 7}
	good := r.newToken(se, 7)
	for _, s := range []string{
		good, "", "x", good + "A", good[:len(good)-1],
		base64.RawURLEncoding.EncodeToString(make([]byte, tokenSize)), "....", good[:40] + "=" + good[41:],
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		id, generation, raw, ok := r.parseToken(s)
		if !ok {
			return
		}
		if r.isAuthentic(&session{ID: id, Salt: se.Salt}, raw) && r.newToken(&session{ID: id, Salt: se.Salt},
			generation) != s {
			t.Fatalf("%q holds", s)
		}
	})
}

func TestATokenHoldsForItsSessionOnly(t *testing.T) {
	r := refreshTokens{key: make([]byte, 32)}
	a, b := &session{ID: ids.New(), Salt: []byte("a")}, &session{ID: ids.New(), Salt: []byte("b")}
	id, generation, raw, ok := r.parseToken(r.newToken(a, 3))
	require.True(t, ok)
	require.Equal(t, a.ID, id)
	require.EqualValues(t, 3, generation)
	require.True(t, r.isAuthentic(a, raw))
	require.False(t, r.isAuthentic(b, raw))
	require.False(t, refreshTokens{key: append(make([]byte, 31), 1)}.isAuthentic(a, raw), "another server's key")
}

func TestRecoveryCodesAreTypedAsPeopleType(t *testing.T) {
	codes := newRecoveryCodes()
	require.Len(t, codes, recoveryCodeCount)
	s := &Service{}
	for i, c := range codes {
		require.Regexp(t, `^([2-9A-HJ-NP-Z]{4}-){3}[2-9A-HJ-NP-Z]{4}$`, c)
		require.NotContains(t, codes[:i], c)
	}
	typed := s.hashRecoveryCodes("u", []string{"abcd-efgh-2345-6789", "ABCD EFGH 2345 6789", "abcdefgh23456789"})
	require.Equal(t, typed[0], typed[1])
	require.Equal(t, typed[0], typed[2])
	require.NotEqual(t, typed[0], s.hashRecoveryCodes("v", []string{"abcd-efgh-2345-6789"})[0])
}
