package auth

import (
	"context"

	"github.com/danielgtaylor/huma/v2"

	"lyceum/modules/auth/internal/passwordrules"
	"lyceum/platform/httpx"
	"lyceum/platform/httpx/validation"
)

type forgotInput struct {
	Body struct {
		Email string `json:"email" maxLength:"1000" doc:"In any form that the registration takes"`
	}
}

// requestReset answers POST /auth/password/forgot.
func (h *handlers) requestReset(ctx context.Context, in *forgotInput) (*httpx.Empty, error) {
	return nil, h.service.RequestReset(ctx, in.Body.Email)
}

type resetInput struct {
	Body struct {
		Token    string `json:"token" maxLength:"1024" doc:"From the mail"`
		Password string `json:"password" minLength:"1" maxLength:"1024" doc:"As at registration"`
	}
}

// Resolve implements huma.Resolver.
func (in *resetInput) Resolve(ctx huma.Context) []error { return validation.CheckInput(ctx, in) }

// checkReset returns the faults of a reset that no data is needed for.
func (h *handlers) checkReset(_ context.Context, in *resetInput) (faults validation.Faults) {
	h.checkPassword(&faults, "password", in.Body.Password, "")
	return faults
}

const resetPasswordDoc = "Sets a new password with the token of the link in the mail, which works once. All sessions " +
	"of the account end. A token that is used or expired is 422 invalid-link."

// resetPassword answers POST /auth/password/reset.
func (h *handlers) resetPassword(ctx context.Context, in *resetInput) (*httpx.Empty, error) {
	return nil, h.service.ResetPassword(ctx, in.Body.Token, in.Body.Password)
}

type changePasswordInput struct {
	Body struct {
		Current string `json:"current_password" maxLength:"1024"`
		New     string `json:"new_password" minLength:"1" maxLength:"1024" doc:"As at registration"`
	}
}

// Resolve implements huma.Resolver.
func (in *changePasswordInput) Resolve(ctx huma.Context) []error {
	return validation.CheckInput(ctx, in)
}

// checkPasswordChange returns the faults of a new password that no data is needed for.
func (h *handlers) checkPasswordChange(_ context.Context, in *changePasswordInput) (faults validation.Faults) {
	h.checkPassword(&faults, "new_password", in.Body.New, "")
	return faults
}

const changePasswordDoc = "Sets a new password after the present one. All other sessions of the caller end. A wrong " +
	"present password is 403 wrong-password and counts like a failed login."

// changePassword answers POST /auth/password/change.
func (h *handlers) changePassword(ctx context.Context, in *changePasswordInput) (*httpx.Empty, error) {
	return nil, h.service.ChangePassword(ctx, in.Body.Current, in.Body.New)
}

// passwordRules are what a new password must meet, besides not being a common one.
type passwordRules struct {
	MinLength int `json:"min_length" doc:"In characters"`
	MaxLength int `json:"max_length" doc:"In characters"`
}

func newCapability(c *Config) httpx.Capability {
	return httpx.Capability{Name: "passwords", Value: passwordRules{c.PasswordMinLength, passwordrules.MaxLength}}
}
