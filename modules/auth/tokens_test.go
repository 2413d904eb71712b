package auth_test

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/stretchr/testify/require"

	"lyceum/app/sitetest"
)

// forger makes tokens as somebody could who has everything but what the server checks.
type forger struct {
	*sitetest.Site
	key  ed25519.PrivateKey
	kid  string
	good jwt.MapClaims
}

func newForger(t *testing.T) *forger {
	t.Helper()
	s := sitetest.Start(t, sitetest.Unlimited)
	files, err := filepath.Glob(filepath.Join(s.Config.JWTKeysDir, "*.pem"))
	require.NoError(t, err)
	require.Len(t, files, 1)
	raw, err := os.ReadFile(files[0])
	require.NoError(t, err)
	block, _ := pem.Decode(raw)
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	require.NoError(t, err)
	f := &forger{Site: s, key: key.(ed25519.PrivateKey), kid: strings.TrimSuffix(filepath.Base(files[0]), ".pem")}
	parsed, _, err := jwt.NewParser().ParseUnverified(s.AdminToken(), jwt.MapClaims{})
	require.NoError(t, err)
	f.good = parsed.Claims.(jwt.MapClaims)
	require.Equal(t, 200, f.try(f.sign(jwt.SigningMethodEdDSA, f.key, nil, nil)).Status,
		"the pattern of the forgeries holds")
	return f
}

// sign makes a token like a good one with some members of header and claims replaced, or dropped by
// nil.
func (f *forger) sign(method jwt.SigningMethod, key any, header, claims map[string]any) string {
	f.T.Helper()
	all := jwt.MapClaims{}
	for k, v := range f.good {
		all[k] = v
	}
	j := jwt.NewWithClaims(method, all)
	j.Header["typ"], j.Header["kid"] = "at+jwt", f.kid
	for into, from := range map[*map[string]any]map[string]any{&j.Header: header, (*map[string]any)(&all): claims} {
		for k, v := range from {
			if v == nil {
				delete(*into, k)
			} else {
				(*into)[k] = v
			}
		}
	}
	s, err := j.SignedString(key)
	require.NoError(f.T, err)
	return s
}

func (f *forger) try(token string) sitetest.Answer {
	f.T.Helper()
	return f.Call("GET", "/admin/users", "", nil, sitetest.Header{"Authorization": "Bearer " + token})
}

// refusedAlike holds every forgery to one and the same answer.
func (f *forger) refusedAlike(forged map[string]string) {
	f.T.Helper()
	want := f.try("x.y.z")
	require.Equal(f.T, "invalid-token", want.Text("code"))
	for name, token := range forged {
		a := f.try(token)
		require.Equal(f.T, want.Status, a.Status, name)
		for _, body := range []sitetest.Answer{want, a} {
			delete(body.JSON, "request_id")
		}
		require.Equal(f.T, want.JSON, a.JSON, name)
		require.Equal(f.T, want.Header.Get("WWW-Authenticate"), a.Header.Get("WWW-Authenticate"), name)
	}
}

func TestJ1OneAlgorithm(t *testing.T) {
	t.Parallel()
	f := newForger(t)
	public, err := x509.MarshalPKIXPublicKey(f.key.Public())
	require.NoError(t, err)
	inPEM := pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: public})
	raw := []byte(f.key.Public().(ed25519.PublicKey))
	_, stranger, err := ed25519.GenerateKey(rand.Reader)
	require.NoError(t, err)
	lower := f.sign(jwt.SigningMethodEdDSA, f.key, map[string]any{"alg": "eddsa"}, nil)
	f.refusedAlike(map[string]string{
		"none": f.sign(jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType, nil, nil),
		"None": f.sign(jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType,
			map[string]any{"alg": "None"}, nil),
		"hs256 with the public key": f.sign(jwt.SigningMethodHS256, raw, nil, nil),
		"hs512 with it":             f.sign(jwt.SigningMethodHS512, raw, nil, nil),
		"hs256 with its pem":        f.sign(jwt.SigningMethodHS256, inPEM, nil, nil),
		"hs384 with its der": f.sign(jwt.SigningMethodHS384,
			public, nil, nil),
		"another key": f.sign(jwt.SigningMethodEdDSA, stranger, nil, nil), "alg in lower case": lower,
		"no signature": strings.Join(strings.Split(lower, ".")[:2], ".") + ".",
	})
}

func TestJ2Times(t *testing.T) {
	t.Parallel()
	f := newForger(t)
	with := func(claims map[string]any) string { return f.sign(jwt.SigningMethodEdDSA, f.key, nil, claims) }
	later, far := time.Now().Add(10*time.Minute).Unix(), 4102444800
	f.refusedAlike(map[string]string{
		"no exp": with(map[string]any{"exp": nil}), "no iat": with(map[string]any{"iat": nil}),
		"iat in 2100":        with(map[string]any{"iat": far}),
		"iat in ten minutes": with(map[string]any{"iat": later}), "nbf in 2100": with(map[string]any{
			"nbf": far,
		}), "exp no number": with(map[string]any{"exp": "never"}),
		"expired and of another issuer": with(map[string]any{"exp": 1, "iss": "https://evil.example"}),
	})
	old := time.Now().Add(-time.Hour).Unix()
	require.Equal(t, "token-expired", f.try(with(map[string]any{"iat": old, "exp": old + 60})).Text("code"),
		"a sound one past its time")
}

// J3: what is made for one thing works for no other.
func TestJ3EveryKindOnlyForItsUse(t *testing.T) {
	t.Parallel()
	f := newForger(t)
	with := func(header, claims map[string]any) string {
		return f.sign(jwt.SigningMethodEdDSA, f.key, header, claims)
	}
	_, _, token := f.NewAccount("kinds")
	login := f.Want(200, "POST", "/auth/login", "", sitetest.Credentials("kinds@example.com", sitetest.Password))
	ticket := f.Want(201, "POST", "/ws/tickets", token, nil).Text("ticket")
	verify := f.WaitForLink("kinds@example.com", "/verify#token=", "")
	invite := f.Want(201, "POST", "/admin/invites", f.AdminToken(), `{"role_to_grant":"member"}`).Text("code")
	opaque := map[string]string{"refresh": login.Text("refresh_token"), "ticket": ticket, "link": verify, "invite": invite}
	forged := map[string]string{
		"another typ":     with(map[string]any{"typ": "JWT"}, nil),
		"typ of a ticket": with(map[string]any{"typ": "ws+jwt"}, nil),
		"no typ":          with(map[string]any{"typ": nil}, nil),
		"another aud":     with(nil, map[string]any{"aud": "other"}), "two auds": with(nil,
			map[string]any{"aud": []string{"lyceum", "other"}}), "no aud": with(nil, map[string]any{"aud": nil}),
		"another iss": with(nil, map[string]any{"iss": "https://evil.example"}), "no sid": with(nil,
			map[string]any{"sid": nil}),
		"sub no id": with(nil, map[string]any{"sub": "admin"}), "another's sid": with(nil,
			map[string]any{"sub": f.Want(200, "GET", "/users/me", token, nil).Text("id")}),
	}
	for name, v := range opaque {
		require.NotContains(t, v, ".", name)
		forged[name] = v
	}
	f.refusedAlike(forged)
	for name, v := range map[string]string{"access": token, "ticket": ticket, "link": verify, "invite": invite} {
		require.Equal(t, "invalid-token", f.Refresh(v).Text("code"), name)
		f.WantProblem(401, "invalid-token", "POST", "/auth/mfa/verify", "",
			map[string]string{"challenge": v, "code": "123456"})
		f.WantProblem(422, "invalid-link", "POST", "/auth/password/reset", "",
			map[string]string{"token": v, "password": "another phrase"})
	}
	for name, v := range map[string]string{"refresh": login.Text("refresh_token"), "link": verify, "access": token} {
		require.Equal(t, 401, f.Dial("/ws/channels/hq?ticket="+v, nil).Status, name)
		f.WantProblem(404, "not-found", "POST", "/invites/redeem", token, map[string]string{"code": v[:min(len(v), 128)]})
	}
}

// J4: keys come from a closed set; nothing in a header names another, and nobody is asked.
func TestJ4KeysFromAClosedSet(t *testing.T) {
	t.Parallel()
	f := newForger(t)
	canary, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer canary.Close()
	var calls atomic.Int64
	go func() {
		for {
			c, err := canary.Accept()
			if err != nil {
				return
			}
			calls.Add(1)
			_ = c.Close()
		}
	}()
	public, stranger, err := ed25519.GenerateKey(rand.Reader)
	require.NoError(t, err)
	jwk := map[string]any{"kty": "OKP", "crv": "Ed25519", "x": base64.RawURLEncoding.EncodeToString(public)}
	url := "http://" + canary.Addr().String() + "/keys"
	forged := map[string]string{}
	for name, header := range map[string]map[string]any{
		"jku": {"jku": url}, "x5u": {"x5u": url}, "jwk": {"jwk": jwk}, "x5c": {"x5c": []string{"AAAA"}},
		"crit": {"crit": []string{"exp"}},
		"zip":  {"zip": "DEF"}, "cty": {"cty": "JWT"},
		"unknown kid": {"kid": "0123456789abcdef"}, "kid a path": {
			"kid": "../keys/" + f.kid,
		}, "kid a query": {"kid": "' OR 1=1"}, "no kid": {"kid": nil}, "kid a number": {"kid": 1},
	} {
		forged[name] = f.sign(jwt.SigningMethodEdDSA, f.key, header, nil)
		forged[name+", another key"] = f.sign(jwt.SigningMethodEdDSA, stranger, header, nil)
	}
	f.refusedAlike(forged)
	time.Sleep(50 * time.Millisecond)
	require.Zero(t, calls.Load(), "somebody asked the address in a header")
}

// J5: a token has one spelling, and a session's end ends every spelling.
func TestJ5OneSpelling(t *testing.T) {
	t.Parallel()
	f := newForger(t)
	login := f.Want(200, "POST", "/auth/login", "", sitetest.Credentials("admin@lyceum.local", sitetest.AdminPassword))
	token := login.Text("access_token")
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	forged := map[string]string{
		"padded": token + "=", "space": token + "%20", "dot": token + ".", "twice": token + "." + token,
	}
	for _, c := range alphabet { // the last character carries bits that a lax decoder ignores
		if token[len(token)-1] != byte(c) {
			forged["ends in "+string(c)] = token[:len(token)-1] + string(c)
		}
	}
	f.refusedAlike(forged)
	parts := strings.Split(token, ".")
	claims, err := base64.RawURLEncoding.DecodeString(parts[1])
	require.NoError(t, err)
	var pretty map[string]any
	require.NoError(t, json.Unmarshal(claims, &pretty))
	doubled := strings.TrimSuffix(string(claims), "}") + `,"role":"admin"}`
	f.refusedAlike(map[string]string{
		"claims changed": parts[0] + "." + base64.RawURLEncoding.EncodeToString([]byte(doubled)) + "." + parts[2],
	})
	f.Want(204, "POST", "/auth/logout", "", map[string]string{"refresh_token": login.Text("refresh_token")})
	forged["itself"] = token
	f.refusedAlike(forged)
}

// J7: length is bounded before anything is parsed.
func TestJ7LongTokens(t *testing.T) {
	t.Parallel()
	f := newForger(t)
	f.refusedAlike(map[string]string{
		"dots": strings.Repeat(".", 15000), "long": strings.Repeat("A", 15000),
		"long claims": f.sign(jwt.SigningMethodEdDSA, f.key, nil, map[string]any{"x": strings.Repeat("x", 5000)}),
	})
	huge := f.Call("GET", "/users/me", "", nil, sitetest.Header{"Authorization": "Bearer " + strings.Repeat(".", 1<<20)})
	require.Equal(t, 431, huge.Status)
}

func TestTheKeySetVerifiesTokens(t *testing.T) {
	t.Parallel()
	s := sitetest.Start(t, nil)
	set := s.Want(200, "GET", "/.well-known/jwks.json", "", nil)
	require.Equal(t, "OKP", set.Text("keys.0.kty"))
	require.Equal(t, "EdDSA", set.Text("keys.0.alg"))
	require.NotEmpty(t, set.Text("keys.0.x"))
	require.Nil(t, set.Get("keys.0.d"))
}
