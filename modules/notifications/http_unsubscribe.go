package notifications

import (
	"context"

	"lyceum/platform/httpx"
)

type unsubscribeInput struct {
	Token string `path:"token" maxLength:"1024" doc:"From the link in the mail"`
}

const unsubscribeDescription = "Switches off the mail that the link in `List-Unsubscribe` belongs to, as mail programs do with one " +
	"click (RFC 8058): with the form `List-Unsubscribe=One-Click`, any other or no body, and without signing in. " +
	"Notifications inside Lyceum stay as they are. Answers 204, again and again; 422 `invalid-link` for a token that is not " +
	"this server's or whose account is gone. A browser that opens the link gets a page that asks first, so that a mail " +
	"scanner switches nothing off."

// unsubscribe answers POST /notifications/unsubscribe/{token}.
func (h *handlers) unsubscribe(ctx context.Context, in *unsubscribeInput) (*httpx.Empty, error) {
	return nil, h.service.unsubscribe(ctx, in.Token)
}
