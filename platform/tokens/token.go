package tokens

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"time"

	"github.com/golang-jwt/jwt/v5"
	lru "github.com/hashicorp/golang-lru/v2"

	"lyceum/platform/apperr"
	"lyceum/platform/clock"
	"lyceum/platform/identity"
	"lyceum/platform/ids"
	"lyceum/platform/keyring"
)

// Audience and Type are the aud and the typ of every access token (RFC 9068 §2).
const (
	Audience = "lyceum"
	Type     = "at+jwt"
)

const (
	// maxTokenBytes is the length of the longest token that is parsed.
	maxTokenBytes = 4 << 10
	// maxLeeway is how far the clocks of replicas may differ.
	maxLeeway = 5 * time.Second
	// maxRemembered is how many tokens a process remembers.
	maxRemembered = 50_000
)

func init() {
	jwt.MarshalSingleStringAsArray = false // aud is one string, not a list
}

// Claims are the content of an access token. Role is the role at the time of issue, for clients
// that show it; what a caller may do is decided by the account.
type Claims struct {
	jwt.RegisteredClaims
	SessionID string        `json:"sid"`
	Role      identity.Role `json:"role"`
}

// Tokens issues and verifies access tokens: JWTs with EdDSA (RFC 8037). It is safe for concurrent
// use.
type Tokens struct {
	keys   *keyring.Keys
	issuer string
	ttl    time.Duration
	clock  clock.Clock
	parser *jwt.Parser
	// verified has the tokens whose signature was checked, by the SHA-256 of the token.
	verified *lru.Cache[[32]byte, verifiedToken]
}

// verifiedToken is a token whose signature was checked, and the id of the key. The token is invalid
// once the key is gone.
type verifiedToken struct {
	*Claims
	kid string
}

// NewTokens returns a Tokens that issues tokens with the given life and accepts those of issuer
// only. issuer is PUBLIC_URL.
func NewTokens(keys *keyring.Keys, issuer string, ttl time.Duration, c clock.Clock) *Tokens {
	known, err := lru.New[[32]byte, verifiedToken](maxRemembered)
	if err != nil {
		panic(err) // only for a size below one
	}
	t := &Tokens{keys: keys, issuer: issuer, ttl: ttl, clock: c, verified: known}
	t.parser = jwt.NewParser(
		jwt.WithValidMethods([]string{jwt.SigningMethodEdDSA.Alg()}), jwt.WithStrictDecoding(),
		jwt.WithExpirationRequired(), jwt.WithIssuedAt(), jwt.WithLeeway(maxLeeway),
		jwt.WithIssuer(issuer), jwt.WithAudience(Audience),
		jwt.WithTimeFunc(func() time.Time { return c.Now().StdTime() }))
	return t
}

// TTL returns the life of an access token from its issue.
func (t *Tokens) TTL() time.Duration { return t.ttl }

// IssueToken returns an access token for a session and the time at which it expires. Every token
// has an id of its own (jti).
func (t *Tokens) IssueToken(
	userID, sessionID string, role identity.Role,
) (token string, expires clock.Time, err error) {
	now := t.clock.Now()
	expires = now.Add(t.ttl)
	j := jwt.NewWithClaims(jwt.SigningMethodEdDSA, Claims{
		RegisteredClaims: jwt.RegisteredClaims{
			Issuer: t.issuer, Subject: userID, Audience: jwt.ClaimStrings{Audience}, ID: ids.New(),
			IssuedAt: jwt.NewNumericDate(now.StdTime()), ExpiresAt: jwt.NewNumericDate(expires.StdTime()),
		},
		SessionID: sessionID, Role: role,
	})
	key := t.keys.SigningKey()
	j.Header["typ"], j.Header["kid"] = Type, key.ID
	token, err = j.SignedString(key.Private)
	return token, expires, err
}

// VerifyToken returns the claims of an access token (RFC 8725, ASVS 9.1, 9.2). It returns
// ProblemTokenExpired for a sound token whose time is over, so that the client refreshes it, and
// ProblemInvalidToken for every other fault. It does not look at the session.
func (t *Tokens) VerifyToken(token string) (*Claims, error) {
	if len(token) > maxTokenBytes {
		return nil, apperr.InvalidToken()
	}
	sum := sha256.Sum256([]byte(token))
	if v, ok := t.verified.Get(sum); ok {
		if _, live := t.keys.FindVerifyingKey(v.kid); live {
			return v.Claims, t.checkExpiry(v.Claims)
		}
		return nil, apperr.InvalidToken()
	}
	c := &Claims{}
	parsed, err := t.parser.ParseWithClaims(token, c, t.findKey)
	expired := errors.Is(err, jwt.ErrTokenExpired) && isOnlyExpired(err)
	if err != nil && !expired || parsed == nil || !ids.IsValid(c.Subject) || !ids.IsValid(c.SessionID) ||
		len(c.Audience) != 1 || c.IssuedAt == nil {
		return nil, apperr.InvalidToken()
	}
	kid, _ := parsed.Header["kid"].(string)
	t.verified.Add(sum, verifiedToken{c, kid})
	return c, t.checkExpiry(c)
}

// checkExpiry returns ProblemTokenExpired if the time of a token is over. Remembered tokens expire,
// too.
func (t *Tokens) checkExpiry(c *Claims) error {
	if c.ExpiresAt.After(t.clock.Now().StdTime()) {
		return nil
	}
	return apperr.ProblemTokenExpired.New("The access token has expired. Get a new one with your refresh token.")
}

// isOnlyExpired reports whether the time is the only fault of a token: an expired token of another
// issuer is invalid, not expired.
func isOnlyExpired(err error) bool {
	for _, other := range []error{jwt.ErrTokenInvalidIssuer, jwt.ErrTokenInvalidAudience, jwt.ErrTokenUsedBeforeIssued,
		jwt.ErrTokenNotValidYet, jwt.ErrTokenSignatureInvalid, jwt.ErrTokenMalformed, jwt.ErrTokenUnverifiable} {
		if errors.Is(err, other) {
			return false
		}
	}
	return true
}

// findKey returns the public key that a token names by its kid. It returns an error for headers
// that could bring a key of their own (jku, jwk, x5u), for another typ and for an unknown key.
func (t *Tokens) findKey(j *jwt.Token) (any, error) {
	for name := range j.Header {
		if name != "alg" && name != "typ" && name != "kid" {
			return nil, fmt.Errorf("header %q is not accepted", name)
		}
	}
	kid, _ := j.Header["kid"].(string)
	if j.Header["typ"] != Type {
		return nil, errors.New("another kind of token")
	}
	key, ok := t.keys.FindVerifyingKey(kid)
	if !ok {
		return nil, errors.New("unknown key")
	}
	return key.PublicKey(), nil
}
