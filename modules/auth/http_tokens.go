package auth

import (
	"context"
	"encoding/base64"

	"github.com/danielgtaylor/huma/v2"

	"lyceum/modules/auth/internal/passwordrules"
	"lyceum/modules/users/usersapi"
	"lyceum/platform/clock"
	"lyceum/platform/httpx"
	"lyceum/platform/httpx/pagination"
	"lyceum/platform/httpx/validation"
	"lyceum/platform/identity"
	"lyceum/platform/keyring"
	"lyceum/platform/keyset"
	"lyceum/platform/text"
)

// handlers answers the requests of the module.
type handlers struct {
	service *Service
	keys    *keyring.Keys
	cursors *pagination.Cursors
}

func newHandlers(s *Service, k *keyring.Keys, c *pagination.Cursors) *handlers {
	return &handlers{s, k, c}
}

// userView is the account of the caller.
type userView struct {
	ID            string        `json:"id"`
	Email         string        `json:"email"`
	DisplayName   string        `json:"display_name"`
	Role          identity.Role `json:"role" enum:"user,member,instructor,admin"`
	EmailVerified bool          `json:"email_verified"`
	CreatedAt     clock.Time    `json:"created_at"`
}

func newUserView(a usersapi.Account) userView {
	return userView{a.ID, a.Email, a.DisplayName, a.Role, a.Verified, a.CreatedAt}
}

type registerInput struct {
	Body struct {
		Email       string  `json:"email" minLength:"1" maxLength:"1000" doc:"One canonical form is stored: trimmed, NFKC, lower case, IDNA; 254 characters at most"`
		Password    string  `json:"password" minLength:"1" maxLength:"1024" doc:"8 to 128 characters, not among the most common passwords"`
		DisplayName *string `json:"display_name,omitempty" maxLength:"100"`
	}
}

// Resolve implements huma.Resolver.
func (in *registerInput) Resolve(ctx huma.Context) []error { return validation.CheckInput(ctx, in) }

// checkRegister holds a registration to the rules that need no data.
func (h *handlers) checkRegister(_ context.Context, in *registerInput) (faults validation.Faults) {
	email, err := text.NormalizeEmail(in.Body.Email)
	if in.Body.Email != "" {
		faults.Add("email", err)
	}
	h.checkPassword(&faults, "password", in.Body.Password, email)
	if in.Body.DisplayName != nil {
		faults.Add("display_name", text.CheckLine(text.CleanLine(*in.Body.DisplayName)))
	}
	return faults
}

// checkPassword notes what is wrong with a new password; email may be empty.
func (h *handlers) checkPassword(faults *validation.Faults, location, password, email string) {
	if password != "" {
		faults.Add(location, passwordrules.Check(passwordrules.Normalize(password), email, h.service.minLength))
	}
}

const registerDoc = "Creates an account with the role user and mails a link that verifies the address. No sign-in " +
	"happens. A password that is short, common or like the address is refused."

// register answers POST /auth/register.
func (h *handlers) register(ctx context.Context, in *registerInput) (*httpx.Response[userView], error) {
	n := NewUser{Email: in.Body.Email, Password: in.Body.Password, Role: usersapi.RoleUser}
	if in.Body.DisplayName != nil {
		n.DisplayName = *in.Body.DisplayName
	}
	a, err := h.service.Register(ctx, n)
	if err != nil {
		return nil, err
	}
	return httpx.Created("/users/me", newUserView(a)), nil
}

// tokenView is the answer of a login or a refresh.
type tokenView struct {
	AccessToken  string   `json:"access_token"`
	RefreshToken string   `json:"refresh_token" doc:"Opaque; usable once"`
	TokenType    string   `json:"token_type" enum:"Bearer"`
	ExpiresIn    int      `json:"expires_in" doc:"Seconds that the access token lives"`
	User         userView `json:"user"`
}

// newTokenResponse answers with a grant.
func (h *handlers) newTokenResponse(g Grant, err error) (*httpx.Response[tokenView], error) {
	if err != nil {
		return nil, err
	}
	return httpx.OK(tokenView{
		g.AccessToken, g.RefreshToken, "Bearer", int(h.service.tokens.TTL().Seconds()), newUserView(g.Account),
	}), nil
}

type loginInput struct {
	Body struct {
		Email    string `json:"email" maxLength:"1000" doc:"In any form that the registration takes"`
		Password string `json:"password" maxLength:"1024"`
	}
}

// login answers POST /auth/login.
func (h *handlers) login(ctx context.Context, in *loginInput) (*httpx.Response[tokenView], error) {
	return h.newTokenResponse(h.service.Login(ctx, in.Body.Email, in.Body.Password))
}

type refreshInput struct {
	Body struct {
		RefreshToken string `json:"refresh_token" maxLength:"1024"`
	}
}

// refresh answers POST /auth/refresh.
func (h *handlers) refresh(ctx context.Context, in *refreshInput) (*httpx.Response[tokenView], error) {
	return h.newTokenResponse(h.service.Refresh(ctx, in.Body.RefreshToken))
}

type logoutInput struct {
	Body struct {
		RefreshToken string `json:"refresh_token" maxLength:"8192"`
	}
}

const logoutDoc = "Ends the session of the refresh token and all access tokens of it. It answers 204 for any " +
	"token, so that a client can always forget what it has."

// logout answers POST /auth/logout.
func (h *handlers) logout(ctx context.Context, in *logoutInput) (*httpx.Empty, error) {
	return nil, h.service.Logout(ctx, in.Body.RefreshToken)
}

const logoutAllDoc = "Ends all sessions of the caller, the present one too. Their sockets are closed within a " +
	"second."

// logoutAll answers POST /auth/logout-all.
func (h *handlers) logoutAll(ctx context.Context, _ *httpx.None) (*httpx.Empty, error) {
	return nil, h.service.LogoutAll(ctx)
}

type verifyInput struct {
	Body struct {
		Token string `json:"token" maxLength:"1024"`
	}
}

const verifyEmailDoc = "Takes the token of the link in the mail. A token that was used, is older than two days or " +
	"belongs to an address that has changed is 422 invalid-link."

// verifyEmail answers POST /auth/verify-email.
func (h *handlers) verifyEmail(ctx context.Context, in *verifyInput) (*httpx.Response[userView], error) {
	a, err := h.service.VerifyEmail(ctx, in.Body.Token)
	if err != nil {
		return nil, err
	}
	return httpx.OK(newUserView(a)), nil
}

const requestVerificationDoc = "Mails a new link to the caller's address. An address that is verified gets no mail; the " +
	"answer is the same."

// requestVerification answers POST /auth/verify-email/request.
func (h *handlers) requestVerification(ctx context.Context, _ *httpx.None) (*httpx.Empty, error) {
	return nil, h.service.RequestVerification(ctx)
}

// jwk is a public key (RFC 7517, RFC 8037).
type jwk struct {
	Type  string `json:"kty"`
	Curve string `json:"crv"`
	ID    string `json:"kid"`
	Use   string `json:"use"`
	Alg   string `json:"alg"`
	X     string `json:"x"`
}

// jwks is a set of public keys (RFC 7517).
type jwks struct {
	Keys []jwk `json:"keys" nullable:"false"`
}

const listKeysDoc = "Returns the keys that verify access tokens, as a JWK set (RFC 7517). During a rotation there " +
	"are several."

// listKeys answers GET /.well-known/jwks.json.
func (h *handlers) listKeys(context.Context, *httpx.None) (*httpx.Response[jwks], error) {
	set := jwks{Keys: []jwk{}}
	for _, k := range h.keys.VerifyingKeys() {
		set.Keys = append(set.Keys,
			jwk{"OKP", "Ed25519", k.ID, "sig", "EdDSA", base64.RawURLEncoding.EncodeToString(k.PublicKey())})
	}
	return httpx.OK(set).WithETag(), nil
}

// sessionView is a session of the caller.
type sessionView struct {
	ID         string     `json:"id"`
	CreatedAt  clock.Time `json:"created_at"`
	LastUsedAt clock.Time `json:"last_used_at"`
	IP         string     `json:"ip"`
	UserAgent  string     `json:"user_agent"`
	Current    bool       `json:"current" doc:"Whether this request belongs to it"`
}

const listSessionsDoc = "Returns the open sessions of the caller, the newest first, each with its device and network. " +
	"current marks the one of this request."

// listSessions answers GET /auth/sessions.
func (h *handlers) listSessions(ctx context.Context, in *pagination.Query) (*pagination.Response[sessionView], error) {
	caller := identity.CallerFrom(ctx)
	return pagination.List(ctx, h.cursors.NewRequest("sessions", nil, *in),
		func(after *keyset.Position, limit int) ([]session, error) {
			return h.service.listSessions(ctx, after, limit)
		},
		pagination.ViewEach(func(s *session) sessionView {
			return sessionView{s.ID, s.CreatedAt, s.LastUsedAt, s.IP, s.UserAgent, s.ID == caller.SessionID}
		}),
		func(s *session) keyset.Position { return keyset.Position{CreatedAt: s.CreatedAt, ID: s.ID} })
}

type sessionInput struct {
	ID string `path:"id"`
}

const endSessionDoc = "Ends one session of the caller. An unknown id, and one of another account, is 404."

// endSession answers DELETE /auth/sessions/{id}.
func (h *handlers) endSession(ctx context.Context, in *sessionInput) (*httpx.Empty, error) {
	return nil, h.service.EndSession(ctx, in.ID)
}
