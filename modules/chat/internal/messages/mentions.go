package messages

import (
	"context"
	"regexp"
	"slices"

	"lyceum/modules/chat/chatapi"
	"lyceum/platform/identity"
	"lyceum/platform/ids"
)

// maxMentions bounds the accounts that one message mentions; those beyond are ignored.
const maxMentions = 50

// mentionForm matches the mention of an account in a body: <@ID>.
var mentionForm = regexp.MustCompile(`<@([0-9a-f-]{36})>`)

// parseMentions returns the ids of the accounts that a body mentions, each once, without its
// author.
func parseMentions(body, authorID string) (mentioned []string) {
	for _, match := range mentionForm.FindAllStringSubmatch(body, -1) {
		id := match[1]
		if ids.IsValid(id) && id != authorID && !slices.Contains(mentioned, id) && len(mentioned) < maxMentions {
			mentioned = append(mentioned, id)
		}
	}
	return mentioned
}

// readersMentioned returns the accounts that a body mentions and that may read the channel. The
// others must not read a part of the message in their notification.
func (s *Service) readersMentioned(ctx context.Context, c Channel, body, authorID string) ([]string, error) {
	mentioned := parseMentions(body, authorID)
	if len(mentioned) == 0 {
		return mentioned, nil
	}
	accounts, err := s.accounts.ByIDs(ctx, mentioned)
	if err != nil {
		return nil, err
	}
	var readers []string
	for _, id := range mentioned {
		account, ok := accounts[id]
		if !ok || !account.Active {
			continue
		}
		canRead, err := c.CanRead(ctx, identity.Caller{UserID: id, Role: account.Role})
		if err != nil {
			return nil, err
		}
		if canRead {
			readers = append(readers, id)
		}
	}
	return readers, nil
}

// publishMentions publishes chat.mentioned in the transaction of the message, unless nobody is
// mentioned.
func (s *Service) publishMentions(ctx context.Context, channelSlug string, m *Message, accountIDs []string) error {
	if len(accountIDs) == 0 {
		return nil
	}
	return s.events.Publish(ctx, chatapi.Mentioned{
		MessageID: m.ID, ChannelSlug: channelSlug, AuthorID: m.AuthorID, UserIDs: slices.Clone(accountIDs),
	})
}
