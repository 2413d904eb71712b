package notifications

import (
	"context"
	"encoding/base64"
	"strings"

	"lyceum/platform/apperr"
	"lyceum/platform/httpx"
	"lyceum/platform/keyring"
)

// unsubscribePath is where mails lead whose kind can be switched off (RFC 8058); a token follows.
const unsubscribePath = "/notifications/unsubscribe/"

var errUnsubscribe = apperr.ProblemInvalidLink.New("This link does not belong to mails of this server any more. Sign in and choose under \"My account\" which mails you get.")

// unsubscribeURL returns the link that ends mails of a kind to an account; it is empty where the mail can't be switched off.
func (s *Service) unsubscribeURL(k kind, userID string) string {
	if k.locked {
		return ""
	}
	token := base64.RawURLEncoding.EncodeToString(keyring.Seal(s.key, []byte(k.name+" "+userID)))
	return s.publicURL + unsubscribePath + token
}

// unsubscribe switches off the mail that a token names, for its account; again is fine. It returns 422 invalid-link for a
// token that was not made with this server's secret, or whose account or kind is gone.
func (s *Service) unsubscribe(ctx context.Context, token string) error {
	sealed, err := base64.RawURLEncoding.DecodeString(token)
	if err != nil {
		return errUnsubscribe
	}
	raw, err := keyring.Unseal(s.key, sealed)
	if err != nil {
		return errUnsubscribe
	}
	name, userID, _ := strings.Cut(string(raw), " ")
	k, known := kindOf(name)
	if !known || k.locked {
		return errUnsubscribe
	}
	return s.db.InTx(ctx, func(ctx context.Context) error {
		_, exists, err := s.accounts.ByID(ctx, userID)
		if err != nil {
			return err
		}
		if !exists {
			return errUnsubscribe
		}
		return s.store.mute(ctx, k.standard(userID))
	})
}

type unsubscribeInput struct {
	Token string `path:"token" maxLength:"1024" doc:"From the link in the mail"`
}

func (h *handlers) unsubscribe(ctx context.Context, in *unsubscribeInput) (*httpx.Empty, error) {
	return nil, h.service.unsubscribe(ctx, in.Token)
}

const unsubscribeDoc = "Switches off the mail that the link in `List-Unsubscribe` belongs to, as mail programs do with one click (RFC 8058): " +
	"with the form `List-Unsubscribe=One-Click`, any other or no body, and without signing in. Notifications inside Lyceum stay as they are. " +
	"Answers 204, again and again; 422 `invalid-link` for a token that is not this server's or whose account is gone. " +
	"A browser that opens the link gets a page that asks first, so that a mail scanner switches nothing off."

// unsubscribeRoutes are those of the link. The module declares its page, which asks first, with the pages of the console.
func (h *handlers) unsubscribeRoutes() []httpx.Route {
	const path = unsubscribePath + "{token}"
	return []httpx.Route{
		httpx.Post(path, httpx.Public, "Switch off a kind of mail by the link in it", h.unsubscribe, httpx.IgnoresForm(), httpx.DescribeOperation(unsubscribeDoc)),
	}
}
