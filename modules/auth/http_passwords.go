package auth

import (
	"context"

	"lyceum/platform/httpx"
)

type forgotInput struct {
	Body struct {
		Email string `json:"email" maxLength:"1000"`
	}
}

func (h *handlers) forgot(ctx context.Context, in *forgotInput) (*httpx.Empty, error) {
	return nil, h.service.AskReset(ctx, in.Body.Email)
}

type resetInput struct {
	Body struct {
		Token    string `json:"token" maxLength:"1024" doc:"From the mail"`
		Password string `json:"password" maxLength:"1024" doc:"As at registration"`
	}
}

func (h *handlers) reset(ctx context.Context, in *resetInput) (*httpx.Empty, error) {
	return nil, h.service.Reset(ctx, in.Body.Token, in.Body.Password)
}

type changePasswordInput struct {
	Body struct {
		Current string `json:"current_password" maxLength:"1024"`
		New     string `json:"new_password" maxLength:"1024" doc:"As at registration"`
	}
}

func (h *handlers) changePassword(ctx context.Context, in *changePasswordInput) (*httpx.Empty, error) {
	return nil, h.service.ChangePassword(ctx, in.Body.Current, in.Body.New)
}
