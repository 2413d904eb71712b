package auth

import (
	"context"

	"github.com/danielgtaylor/huma/v2"

	"lyceum/platform/httpx"
	"lyceum/platform/httpx/validation"
	"lyceum/platform/text"
)

type requestEmailInput struct {
	Body struct {
		NewEmail string `json:"new_email" minLength:"1" maxLength:"1000" doc:"The address that the account should have"`
		Password string `json:"password" maxLength:"1024" doc:"The caller's password"`
	}
}

// Resolve implements huma.Resolver.
func (in *requestEmailInput) Resolve(ctx huma.Context) []error { return validation.CheckInput(ctx, in) }

// checkRequestEmail returns the faults of a request for another address that no data is needed for.
func checkRequestEmail(_ context.Context, in *requestEmailInput) (faults validation.Faults) {
	if in.Body.NewEmail != "" {
		_, err := text.NormalizeEmail(in.Body.NewEmail)
		faults.Add("new_email", err)
	}
	return faults
}

// requestEmailChange answers POST /users/me/email.
func (h *handlers) requestEmailChange(ctx context.Context, in *requestEmailInput) (*httpx.Empty, error) {
	return nil, h.service.RequestEmailChange(ctx, in.Body.NewEmail, in.Body.Password)
}

type confirmEmailInput struct {
	Body struct {
		Token string `json:"token" maxLength:"1024" doc:"From the link in the mail"`
	}
}

// confirmEmailChange answers POST /users/me/email/confirm.
func (h *handlers) confirmEmailChange(ctx context.Context, in *confirmEmailInput) (*httpx.Response[userView], error) {
	a, err := h.service.ConfirmEmailChange(ctx, in.Body.Token)
	if err != nil {
		return nil, err
	}
	return httpx.OK(newUserView(a)), nil
}

const (
	requestEmailDescription = "Sends a link to the new address, and a notice to the present one. Nothing changes until the link is " +
		"used, within 48 hours; only the newest link counts. The answer is the same whether the new address is free or taken; " +
		"a taken one's owner is told."
	confirmEmailDescription = "The account has the new address from now on, and it is verified. All sessions but the one that asked " +
		"end, and links to reset the password or verify the old address no longer work."
)

type deleteCallerInput struct {
	Body struct {
		Password string `json:"password" maxLength:"1024" doc:"The caller's password"`
	}
}

const deleteCallerDescription = "Each module erases or anonymizes its part: courses and messages stay under the name Deleted user. " +
	"Audit entries stay under an id that names nobody. The address is free again. The last active administrator can't be deleted."

// deleteCaller answers DELETE /users/me.
func (h *handlers) deleteCaller(ctx context.Context, in *deleteCallerInput) (*httpx.Empty, error) {
	return nil, h.service.DeleteCaller(ctx, in.Body.Password)
}
