package auth

import (
	"context"
	"encoding/base64"

	"github.com/danielgtaylor/huma/v2"

	"lyceum/modules/users/usersapi"
	"lyceum/platform/clock"
	"lyceum/platform/httpx"
	"lyceum/platform/httpx/pagination"
	"lyceum/platform/httpx/validation"
	"lyceum/platform/identity"
	"lyceum/platform/keyring"
	"lyceum/platform/text"
)

type handlers struct {
	service *Service
	keys    *keyring.Keys
	cursors *pagination.Cursors
}

func newHandlers(s *Service, k *keyring.Keys, c *pagination.Cursors) *handlers {
	return &handlers{s, k, c}
}

type userView struct {
	ID            string        `json:"id"`
	Email         string        `json:"email"`
	DisplayName   string        `json:"display_name"`
	Role          identity.Role `json:"role" enum:"user,member,instructor,admin"`
	EmailVerified bool          `json:"email_verified"`
	CreatedAt     clock.Time    `json:"created_at"`
}

func viewOf(a usersapi.Account) userView {
	return userView{a.ID, a.Email, a.DisplayName, a.Role, a.Verified, a.CreatedAt}
}

type registerInput struct {
	Body struct {
		Email       string  `json:"email" minLength:"1" maxLength:"1000" doc:"One canonical form is stored: trimmed, NFKC, lower case, IDNA; 254 characters at most"`
		Password    string  `json:"password" minLength:"1" maxLength:"1024" doc:"8 to 128 characters, not among the commonest"`
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
		faults.Add(location, checkPassword(normalize(password), email, h.service.minLength))
	}
}

func (h *handlers) register(ctx context.Context, in *registerInput) (*httpx.Response[userView], error) {
	n := NewUser{Email: in.Body.Email, Password: in.Body.Password, Role: usersapi.RoleUser}
	if in.Body.DisplayName != nil {
		n.DisplayName = *in.Body.DisplayName
	}
	a, err := h.service.Register(ctx, n)
	if err != nil {
		return nil, err
	}
	return httpx.Created("/users/me", viewOf(a)), nil
}

type tokenView struct {
	AccessToken  string   `json:"access_token"`
	RefreshToken string   `json:"refresh_token" doc:"Opaque; usable once"`
	TokenType    string   `json:"token_type" enum:"Bearer"`
	ExpiresIn    int      `json:"expires_in" doc:"Seconds that the access token lives"`
	User         userView `json:"user"`
}

func (h *handlers) granted(g Grant, err error) (*httpx.Response[tokenView], error) {
	if err != nil {
		return nil, err
	}
	return httpx.OK(tokenView{g.AccessToken, g.RefreshToken, "Bearer", int(h.service.tokens.TTL().Seconds()), viewOf(g.Account)}), nil
}

type loginInput struct {
	Body struct {
		Email    string `json:"email" maxLength:"1000"`
		Password string `json:"password" maxLength:"1024"`
	}
}

func (h *handlers) login(ctx context.Context, in *loginInput) (*httpx.Response[tokenView], error) {
	return h.granted(h.service.Login(ctx, in.Body.Email, in.Body.Password))
}

type refreshInput struct {
	Body struct {
		RefreshToken string `json:"refresh_token" maxLength:"1024"`
	}
}

func (h *handlers) refresh(ctx context.Context, in *refreshInput) (*httpx.Response[tokenView], error) {
	return h.granted(h.service.Refresh(ctx, in.Body.RefreshToken))
}

type logoutInput struct {
	Body struct {
		RefreshToken string `json:"refresh_token" maxLength:"8192"`
	}
}

func (h *handlers) logout(ctx context.Context, in *logoutInput) (*httpx.Empty, error) {
	return nil, h.service.Logout(ctx, in.Body.RefreshToken)
}

func (h *handlers) logoutAll(ctx context.Context, _ *httpx.None) (*httpx.Empty, error) {
	return nil, h.service.LogoutAll(ctx)
}

type verifyInput struct {
	Body struct {
		Token string `json:"token" maxLength:"1024"`
	}
}

func (h *handlers) verifyEmail(ctx context.Context, in *verifyInput) (*httpx.Response[userView], error) {
	a, err := h.service.VerifyEmail(ctx, in.Body.Token)
	if err != nil {
		return nil, err
	}
	return httpx.OK(viewOf(a)), nil
}

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

type jwks struct {
	Keys []jwk `json:"keys" nullable:"false"`
}

func (h *handlers) jwks(context.Context, *httpx.None) (*httpx.Response[jwks], error) {
	set := jwks{Keys: []jwk{}}
	for _, k := range h.keys.VerifyingKeys() {
		set.Keys = append(set.Keys, jwk{"OKP", "Ed25519", k.ID, "sig", "EdDSA", base64.RawURLEncoding.EncodeToString(k.PublicKey())})
	}
	return httpx.OK(set).WithETag(), nil
}
