package chat

import "context"

// listMessages returns one page of the messages in a span of a channel. It returns 404 for a channel that does not exist
// and 403 for one that the caller may not read.
func (s *Service) listMessages(ctx context.Context, slug string, p span, limit int) ([]message, error) {
	c, err := s.readable(ctx, slug)
	if err != nil {
		return nil, err
	}
	return s.store.history(ctx, c.ID, p, limit)
}
