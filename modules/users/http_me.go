package users

import (
	"context"
	"errors"

	"github.com/danielgtaylor/huma/v2"

	"lyceum/platform/clock"
	"lyceum/platform/httpx"
	"lyceum/platform/httpx/jsonfield"
	"lyceum/platform/httpx/pagination"
	"lyceum/platform/httpx/requestinfo"
	"lyceum/platform/httpx/stream"
	"lyceum/platform/httpx/validation"
	"lyceum/platform/identity"
	"lyceum/platform/text"
)

type handlers struct {
	service *Service
	holders *holders
	cursors *pagination.Cursors
}

func newHandlers(s *Service, h *holders, c *pagination.Cursors) *handlers { return &handlers{s, h, c} }

// meView is what the owner of an account sees of it.
type meView struct {
	ID            string        `json:"id"`
	Email         string        `json:"email"`
	DisplayName   string        `json:"display_name"`
	Role          identity.Role `json:"role" enum:"user,member,instructor,admin"`
	EmailVerified bool          `json:"email_verified"`
	CreatedAt     clock.Time    `json:"created_at"`
}

func meOf(u *user) *httpx.Response[meView] {
	return httpx.OK(meView{u.ID, u.Email, u.DisplayName, u.Role, u.EmailVerified, u.CreatedAt}).WithVersion(u.Version)
}

func (h *handlers) me(ctx context.Context, _ *httpx.None) (*httpx.Response[meView], error) {
	u, err := h.service.caller(ctx)
	if err != nil {
		return nil, err
	}
	return meOf(u), nil
}

type patchMeInput struct {
	Body struct {
		DisplayName jsonfield.Nullable[string] `json:"display_name,omitzero" minLength:"1" maxLength:"100" doc:"null falls back to the local part of the address"`
	}
}

// Resolve implements huma.Resolver.
func (in *patchMeInput) Resolve(ctx huma.Context) []error { return validation.CheckInput(ctx, in) }

func checkPatchMe(_ context.Context, in *patchMeInput) (faults validation.Faults) {
	faults.Add("display_name", checkName(in.Body.DisplayName))
	return faults
}

// checkName says what is wrong with a display name that was given.
func checkName(name jsonfield.Nullable[string]) error {
	if name.Value == "" {
		return nil // left out, cleared, or refused by the schema
	}
	line := text.CleanLine(name.Value)
	if line == "" {
		return errors.New("must not be empty")
	}
	return text.CheckLine(line)
}

func (h *handlers) patchMe(ctx context.Context, in *patchMeInput) (*httpx.Response[meView], error) {
	u, err := h.service.update(ctx, identity.CallerFrom(ctx).UserID, patch{DisplayName: in.Body.DisplayName.Ptr(), ClearName: in.Body.DisplayName.Null})
	if err != nil {
		return nil, err
	}
	return meOf(u), nil
}

type removeMeInput struct {
	Body struct {
		Password string `json:"password" maxLength:"1024" doc:"The caller's password"`
	}
}

func (h *handlers) removeMe(ctx context.Context, in *removeMeInput) (*httpx.Empty, error) {
	return nil, h.holders.removeMe(ctx, in.Body.Password)
}

func (h *handlers) export(ctx context.Context, _ *httpx.None) (*stream.Response, error) {
	write, err := h.holders.export(ctx, !requestinfo.IsHead(ctx))
	if err != nil {
		return nil, err
	}
	return stream.New("application/json", "lyceum-account.json", write), nil
}
