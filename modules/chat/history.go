package chat

import (
	"context"
	"slices"

	"lyceum/modules/users/usersapi"
)

// listMessages returns one page of the messages in a span of a channel. It returns 404 for a channel that does not exist
// and 403 for one that the caller may not read.
func (s *Service) listMessages(ctx context.Context, slug string, p span, limit int) ([]message, error) {
	c, err := s.readable(ctx, slug)
	if err != nil {
		return nil, err
	}
	return s.store.history(ctx, c.ID, p, limit)
}

// authorsOf returns the authors of messages by account id.
func (s *Service) authorsOf(ctx context.Context, rows []message) (map[string]usersapi.Person, error) {
	authors := make([]string, len(rows))
	for i, m := range rows {
		authors[i] = m.AuthorID
	}
	slices.Sort(authors)
	return usersapi.Persons(ctx, s.accounts, slices.Compact(authors))
}
