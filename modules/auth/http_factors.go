package auth

import (
	"context"

	"lyceum/platform/httpx"
)

// setupView is what an authenticator app needs.
type setupView struct {
	Secret string `json:"secret" doc:"Base32, for typing it in"`
	URL    string `json:"otpauth_url" doc:"For authenticator apps, as a link or QR code"`
}

// beginFactor answers POST /auth/mfa/totp.
func (h *handlers) beginFactor(ctx context.Context, _ *httpx.None) (*httpx.Response[setupView], error) {
	s, err := h.service.BeginFactor(ctx)
	if err != nil {
		return nil, err
	}
	return httpx.OK(setupView(s)), nil
}

type confirmInput struct {
	Body struct {
		Code string `json:"code" minLength:"1" maxLength:"64"`
	}
}

// confirmView has new recovery codes.
type confirmView struct {
	RecoveryCodes []string `json:"recovery_codes" nullable:"false" doc:"Each works once, in place of a code; not shown again"`
}

// confirmFactor answers POST /auth/mfa/totp/confirm.
func (h *handlers) confirmFactor(ctx context.Context, in *confirmInput) (*httpx.Response[confirmView], error) {
	codes, err := h.service.ConfirmFactor(ctx, in.Body.Code)
	if err != nil {
		return nil, err
	}
	return httpx.OK(confirmView{codes}), nil
}

type passwordInput struct {
	Body struct {
		Password string `json:"password" maxLength:"1024" doc:"The caller's password"`
	}
}

// renewRecoveryCodes answers POST /auth/mfa/recovery-codes.
func (h *handlers) renewRecoveryCodes(ctx context.Context, in *passwordInput) (*httpx.Response[confirmView], error) {
	codes, err := h.service.RenewRecoveryCodes(ctx, in.Body.Password)
	if err != nil {
		return nil, err
	}
	return httpx.OK(confirmView{codes}), nil
}

type removeFactorInput struct {
	Body struct {
		Password string `json:"password" maxLength:"1024" doc:"The caller's password"`
	}
}

const removeFactorDoc = "Turns the second factor off, after the password. Its recovery codes no longer work."

// removeFactor answers DELETE /auth/mfa/totp.
func (h *handlers) removeFactor(ctx context.Context, in *removeFactorInput) (*httpx.Empty, error) {
	return nil, h.service.RemoveFactor(ctx, in.Body.Password)
}

type verifyFactorInput struct {
	Body struct {
		Challenge string `json:"challenge" maxLength:"1024" doc:"Of the answer mfa-required"`
		Code      string `json:"code" minLength:"1" maxLength:"64" doc:"One-time or recovery code"`
	}
}

// verifyFactor answers POST /auth/mfa/verify.
func (h *handlers) verifyFactor(ctx context.Context, in *verifyFactorInput) (*httpx.Response[tokenView], error) {
	return h.newTokenResponse(h.service.VerifyFactor(ctx, in.Body.Challenge, in.Body.Code))
}
