package tokens_test

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/stretchr/testify/require"

	"lyceum/platform/apperr"
	"lyceum/platform/clock"
	"lyceum/platform/identity/identitytest"
	"lyceum/platform/ids"
	"lyceum/platform/keyring"
	"lyceum/platform/tokens"
)

type fixedClock struct{ now clock.Time }

func (c *fixedClock) Now() clock.Time { return c.now }

const issuer = "https://lyceum.example"

func newTokens(t *testing.T) (*tokens.Tokens, *keyring.Keys, *fixedClock) {
	t.Helper()
	keys, err := keyring.Open(t.TempDir(), 15*time.Minute)
	require.NoError(t, err)
	c := &fixedClock{clock.FromTime(time.Now())}
	return tokens.NewTokens(keys, issuer, 15*time.Minute, c), keys, c
}

func code(err error) string {
	e, ok := apperr.As(err)
	if !ok {
		return ""
	}
	return e.Code
}

func TestATokenLivesUntilItsTime(t *testing.T) {
	ts, _, c := newTokens(t)
	user, session := ids.New(), ids.New()
	token, expires, err := ts.IssueToken(user, session, identitytest.Member)
	require.NoError(t, err)
	require.Equal(t, c.now.Add(15*time.Minute), expires)
	claims, err := ts.VerifyToken(token)
	require.NoError(t, err)
	require.Equal(t, user, claims.Subject)
	require.Equal(t, session, claims.SessionID)
	require.Equal(t, identitytest.Member, claims.Role)
	c.now = c.now.Add(16 * time.Minute)
	_, err = ts.VerifyToken(token)
	require.Equal(t, "token-expired", code(err), "from the cache, too")
}

// forgery changes the header and the claims of a token that is valid without it.
type forgery func(header map[string]any, claims jwt.MapClaims)

func setClaim(name string, v any) forgery {
	return func(_ map[string]any, claims jwt.MapClaims) { claims[name] = v }
}

func dropClaim(name string) forgery {
	return func(_ map[string]any, claims jwt.MapClaims) { delete(claims, name) }
}

func setHeader(name string, v any) forgery {
	return func(header map[string]any, _ jwt.MapClaims) { header[name] = v }
}

// signForgery signs a forged token of a key with a method.
func signForgery(
	t *testing.T, keyID string, now clock.Time, method jwt.SigningMethod, with any, change forgery,
) string {
	t.Helper()
	claims := jwt.MapClaims{
		"iss": issuer, "aud": "lyceum", "sub": ids.New(), "sid": ids.New(), "role": "admin", "jti": ids.New(),
		"iat": now.StdTime().Unix(), "exp": now.Add(time.Minute).StdTime().Unix(),
	}
	j := jwt.NewWithClaims(method, claims)
	j.Header["typ"], j.Header["kid"] = "at+jwt", keyID
	change(j.Header, claims)
	signed, err := j.SignedString(with)
	require.NoError(t, err)
	return signed
}

// J1–J7: every kind of forged token gets one and the same answer.
func TestForgedTokensAreAllInvalid(t *testing.T) {
	ts, keys, c := newTokens(t)
	good, _, err := ts.IssueToken(ids.New(), ids.New(), identitytest.Admin)
	require.NoError(t, err)
	key := keys.VerifyingKeys()[0]
	_, stranger, err := ed25519.GenerateKey(rand.Reader)
	require.NoError(t, err)
	sign := func(method jwt.SigningMethod, with any, change forgery) string {
		return signForgery(t, key.ID, c.now, method, with, change)
	}
	same := func(map[string]any, jwt.MapClaims) {}
	_, err = ts.VerifyToken(sign(jwt.SigningMethodEdDSA, key.Private, same))
	require.NoError(t, err, "the pattern of the forgeries holds but for what each changes")
	public, _ := json.Marshal(key.PublicKey())
	eddsa := jwt.SigningMethodEdDSA
	for name, forged := range map[string]string{
		"none":              sign(jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType, same),
		"hs256, public key": sign(jwt.SigningMethodHS256, []byte(key.PublicKey()), same),
		"hs512":             sign(jwt.SigningMethodHS512, public, same),
		"another key":       sign(eddsa, stranger, same),
		"unknown kid":       sign(eddsa, key.Private, setHeader("kid", "nobody")),
		"no kid":            sign(eddsa, key.Private, setHeader("kid", nil)),
		"another typ":       sign(eddsa, key.Private, setHeader("typ", "JWT")),
		"jku":               sign(eddsa, key.Private, setHeader("jku", "http://127.0.0.1:1/keys")),
		"jwk":               sign(eddsa, key.Private, setHeader("jwk", map[string]any{"kty": "OKP"})),
		"x5u":               sign(eddsa, key.Private, setHeader("x5u", "http://127.0.0.1:1/")),
		"crit":              sign(eddsa, key.Private, setHeader("crit", []string{"exp"})),
		"no exp":            sign(eddsa, key.Private, dropClaim("exp")),
		"no iat":            sign(eddsa, key.Private, dropClaim("iat")),
		"iat in 2100":       sign(eddsa, key.Private, setClaim("iat", 4102444800)),
		"nbf in 2100":       sign(eddsa, key.Private, setClaim("nbf", 4102444800)),
		"another issuer":    sign(eddsa, key.Private, setClaim("iss", "https://evil.example")),
		"another audience":  sign(eddsa, key.Private, setClaim("aud", "other")),
		"two audiences":     sign(eddsa, key.Private, setClaim("aud", []string{"lyceum", "other"})),
		"sub no id":         sign(eddsa, key.Private, setClaim("sub", "admin")),
		"no session":        sign(eddsa, key.Private, dropClaim("sid")),
		"expired, foreign": sign(eddsa, key.Private,
			func(_ map[string]any, cl jwt.MapClaims) { cl["exp"], cl["iss"] = 1, "x" }),
		"changed tail":   good[:len(good)-1] + map[bool]string{true: "A", false: "B"}[good[len(good)-1] != 'A'],
		"padding":        good + "=",
		"trailing space": good + " ",
		"two tokens":     good + "." + good,
		"dots":           strings.Repeat(".", 1<<20),
		"long":           good + strings.Repeat("A", 5000),
		"empty":          "",
		"garbage":        base64.RawURLEncoding.EncodeToString([]byte("{}")),
	} {
		_, err := ts.VerifyToken(forged)
		require.Equal(t, "invalid-token", code(err), name)
	}
}

func FuzzVerify(f *testing.F) {
	keys, err := keyring.Open(f.TempDir(), time.Minute)
	require.NoError(f, err)
	ts := tokens.NewTokens(keys, issuer, time.Minute, clock.System{})
	good, _, err := ts.IssueToken(ids.New(), ids.New(), identitytest.User)
	require.NoError(f, err)
	f.Add(good)
	f.Add("a.b.c")
	f.Fuzz(func(t *testing.T, s string) {
		_, err = ts.VerifyToken(s)
		require.False(t, err == nil && s != good, "%q holds", s)
	})
}

func TestKeysRotate(t *testing.T) {
	dir := t.TempDir()
	c := &fixedClock{clock.FromTime(time.Now())}
	serving, err := keyring.Open(dir, 15*time.Minute)
	require.NoError(t, err)
	ts := tokens.NewTokens(serving, issuer, 15*time.Minute, c)
	ctx, stop := context.WithCancel(t.Context())
	watching := make(chan struct{})
	go func() { serving.WatchFolder(ctx); close(watching) }()
	defer func() { stop(); <-watching }()
	issue := func() string {
		token, _, err := ts.IssueToken(ids.New(), ids.New(), identitytest.User)
		require.NoError(t, err)
		return token
	}
	old, first := issue(), serving.VerifyingKeys()[0].ID

	other, err := keyring.Open(dir, 15*time.Minute)
	require.NoError(t, err)
	second, err := other.RotateSigningKey()
	require.NoError(t, err)
	kid := func(token string) any {
		parsed, _, err := jwt.NewParser().ParseUnverified(token, &tokens.Claims{})
		require.NoError(t, err)
		return parsed.Header["kid"]
	}
	require.Eventually(t, func() bool { return kid(issue()) == second }, time.Second, 20*time.Millisecond)
	require.Len(t, serving.VerifyingKeys(), 2)
	for _, token := range []string{old, issue()} {
		_, err := ts.VerifyToken(token)
		require.NoError(t, err)
	}

	// Once its last token has run out an old key verifies no more, and the next rotation removes
	// it.
	age := func(kid string, by time.Duration) {
		made := time.Now().Add(-by)
		require.NoError(t, os.Chtimes(filepath.Join(dir, kid+".pem"), made, made))
	}
	age(first, time.Hour)
	age(second, 30*time.Minute)
	require.Eventually(t, func() bool { return len(serving.VerifyingKeys()) == 1 }, time.Second, 20*time.Millisecond)
	_, err = ts.VerifyToken(old)
	require.Equal(t, "invalid-token", code(err), "remembered or not")
	third, err := other.RotateSigningKey()
	require.NoError(t, err)
	require.NoFileExists(t, filepath.Join(dir, first+".pem"))
	require.FileExists(t, filepath.Join(dir, second+".pem"))

	// A key that an operator takes away ends at once; without any the server goes on with those it
	// has.
	require.Eventually(t, func() bool { return kid(issue()) == third }, time.Second, 20*time.Millisecond)
	stolen := issue()
	require.NoError(t, os.Remove(filepath.Join(dir, third+".pem")))
	require.Eventually(t, func() bool { _, err := ts.VerifyToken(stolen); return err != nil }, time.Second,
		20*time.Millisecond)
	require.NoError(t, os.Remove(filepath.Join(dir, second+".pem")))
	require.Never(t, func() bool { _, err := ts.VerifyToken(issue()); return err != nil },
		400*time.Millisecond, 20*time.Millisecond)
}
