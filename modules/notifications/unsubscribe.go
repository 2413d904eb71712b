package notifications

import (
	"context"
	"encoding/base64"
	"strings"

	"lyceum/platform/apperr"
	"lyceum/platform/keyring"
)

// unsubscribePath is the path of the links that switch off a kind of mail (RFC 8058). A token
// follows it.
const unsubscribePath = "/notifications/unsubscribe/"

var errInvalidUnsubscribeLink = apperr.ProblemInvalidLink.New(
	"This link does not belong to mails of this server any more. " +
		"Sign in and choose under \"Notifications\" which mails you get.")

// unsubscribeURL returns the link that switches off the mails of a kind to an account; "" for a
// mandatory mail.
func (s *Service) unsubscribeURL(k kind, userID string) string {
	if k.mandatory {
		return ""
	}
	token := base64.RawURLEncoding.EncodeToString(keyring.Seal(s.unsubscribeKey, []byte(k.name+" "+userID)))
	return s.publicURL + unsubscribePath + token
}

// unsubscribe switches off the kind of mail that a token names, for its account. It may be called
// more than once. It returns errInvalidUnsubscribeLink for a token of other keys, of a deleted
// account or of a kind that does not exist.
func (s *Service) unsubscribe(ctx context.Context, token string) error {
	sealed, err := base64.RawURLEncoding.DecodeString(token)
	if err != nil {
		return errInvalidUnsubscribeLink
	}
	raw, err := keyring.Unseal(s.unsubscribeKey, sealed)
	if err != nil {
		return errInvalidUnsubscribeLink
	}
	name, userID, _ := strings.Cut(string(raw), " ")
	k, known := findKind(name)
	if !known || k.mandatory {
		return errInvalidUnsubscribeLink
	}
	return s.db.InTx(ctx, func(ctx context.Context) error {
		_, exists, err := s.accounts.ByID(ctx, userID)
		if err != nil {
			return err
		}
		if !exists {
			return errInvalidUnsubscribeLink
		}
		return s.store.disableMail(ctx, k.defaultPreference(userID))
	})
}
