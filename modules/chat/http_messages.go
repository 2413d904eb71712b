package chat

import (
	"context"
	"errors"
	"math"
	"slices"
	"strconv"

	"lyceum/modules/chat/internal/messages"
	"lyceum/modules/users/usersapi"
	"lyceum/platform/clock"
	"lyceum/platform/httpx"
	"lyceum/platform/httpx/idempotency"
	"lyceum/platform/httpx/pagination"
)

// personView is an account as others see it.
type personView usersapi.Person

// messageView is a message as readers see it.
type messageView struct {
	Seq       int64       `json:"seq"`
	ID        string      `json:"id"`
	Channel   string      `json:"channel" doc:"The channel's slug"`
	User      personView  `json:"user"`
	Body      string      `json:"body" doc:"Empty when deleted"`
	CreatedAt clock.Time  `json:"created_at"`
	EditedAt  *clock.Time `json:"edited_at" nullable:"true"`
	Deleted   bool        `json:"deleted"`
}

// viewMessages returns the views of messages with the present names of their authors.
func (h *handlers) viewMessages(ctx context.Context, slug string, list []messages.Message) ([]messageView, error) {
	authors, err := h.service.loadPeople(ctx, messages.ListAuthorIDs(list))
	if err != nil {
		return nil, err
	}
	views := make([]messageView, len(list))
	for i := range list {
		m := &list[i]
		author := personView(authors[m.AuthorID])
		views[i] = messageView{m.Seq, m.ID, slug, author, m.Body, m.CreatedAt, m.EditedAt, m.IsDeleted()}
	}
	return views, nil
}

// viewMessage is viewMessages for one message.
func (h *handlers) viewMessage(ctx context.Context, slug string, m *messages.Message) (messageView, error) {
	views, err := h.viewMessages(ctx, slug, []messages.Message{*m})
	if err != nil {
		return messageView{}, err
	}
	return views[0], nil
}

// listMessagesInput selects messages. Its numbers are text, as they may be larger than any int64.
type listMessagesInput struct {
	Slug      string `path:"slug"`
	BeforeSeq string `query:"before_seq" pattern:"^[0-9]{1,40}$" doc:"Messages before this one, the nearest page"`
	AfterSeq  string `query:"after_seq" pattern:"^[0-9]{1,40}$" doc:"Messages after this one, the nearest page"`
	pagination.Query
}

// messageFilter is what a cursor of messages belongs to. A cursor with another filter is refused.
type messageFilter struct{ Slug, Before, After string }

// seqPosition is the position of a message in a list.
type seqPosition struct{ Seq int64 }

var listMessagesDoc = httpx.DescribeOperation("" +
	"Returns one page of messages in ascending order. Without after_seq the first page has the newest " +
	"messages and the next ones older messages; with it, pages go on to the newer ones. A deleted " +
	"message is a tombstone without a body. A channel that the caller may not read is 403.")

// listMessages returns one page of messages. Pages that go from newer to older ones are read in descending
// order and turned round.
func (h *handlers) listMessages(
	ctx context.Context, in *listMessagesInput,
) (*pagination.Response[messageView], error) {
	filter := messageFilter{in.Slug, in.BeforeSeq, in.AfterSeq}
	out, err := pagination.List(ctx, h.cursors.NewRequest("messages", filter, in.Query),
		func(after *seqPosition, limit int) ([]messages.Message, error) {
			return h.service.listMessages(ctx, in.Slug, in.spanAfter(after), limit)
		},
		func(list []messages.Message) ([]messageView, error) { return h.viewMessages(ctx, in.Slug, list) },
		func(m *messages.Message) seqPosition { return seqPosition{m.Seq} })
	if err == nil && in.AfterSeq == "" {
		slices.Reverse(out.Body.Items)
	}
	return out, err
}

// spanAfter returns the messages from which a page is taken: those beyond the page that ended at a
// position, if there is one.
func (in *listMessagesInput) spanAfter(last *seqPosition) messages.Span {
	span := messages.Span{NewestFirst: in.AfterSeq == "", After: parseSeq(in.AfterSeq), Before: parseSeq(in.BeforeSeq)}
	if in.BeforeSeq == "0" {
		span.Before = 1 // nothing is before the first message, and 0 would be no bound
	}
	switch {
	case last == nil:
	case span.NewestFirst:
		span.Before = last.Seq
	default:
		span.After = last.Seq
	}
	return span
}

// parseSeq returns the value of digits that a pattern has accepted, and 0 for none. A number that is too
// large is beyond every message.
func parseSeq(digits string) int64 {
	n, err := strconv.ParseInt(digits, 10, 64)
	if errors.Is(err, strconv.ErrRange) {
		return math.MaxInt64
	}
	return n
}

// postInput is a message to post.
type postInput struct {
	Slug string `path:"slug"`
	Body struct {
		Body     string  `json:"body" minLength:"1" maxLength:"4000" doc:"<@USER_ID> is a mention"`
		ClientID *string `json:"client_id,omitempty" minLength:"1" maxLength:"64" doc:"Sent again: the first message is the answer"`
	}
}

var postMessageDoc = httpx.DescribeOperation("" +
	"Stores a message and delivers it to the open sockets of the channel. Accounts that it mentions " +
	"as <@USER_ID> and that may read the channel are notified. A client_id that the caller used " +
	"before in this channel is answered with 200 and the message of that time. Posting faster than " +
	"RATE_LIMIT_CHAT is 429.")

// postMessage stores a message of the caller.
func (h *handlers) postMessage(ctx context.Context, in *postInput) (*httpx.Response[messageView], error) {
	n := messages.NewMessage{Body: in.Body.Body, ClientID: in.Body.ClientID, ID: idempotency.OperationID(ctx)}
	posted, err := h.service.postMessage(ctx, in.Slug, n)
	if err != nil {
		return nil, err
	}
	view, err := h.viewMessage(ctx, in.Slug, &posted.Message)
	if err != nil {
		return nil, err
	}
	if !posted.IsCreated {
		return httpx.OK(view).WithVersion(posted.Version), nil
	}
	return httpx.Created("/channels/"+in.Slug+"/messages/"+posted.ID, view).WithVersion(posted.Version), nil
}

// messageInput names a message.
type messageInput struct {
	Slug string `path:"slug"`
	ID   string `path:"id"`
}

// editInput is the new body of a message.
type editInput struct {
	Slug string `path:"slug"`
	ID   string `path:"id"`
	Body struct {
		Body string `json:"body" minLength:"1" maxLength:"4000"`
	}
}

var editMessageDoc = httpx.DescribeOperation("" +
	"For the author, for 15 minutes; others and later edits are 403. Sockets of the channel receive " +
	"the new body. A deleted message is 404.")

// editMessage replaces the body of a message of the caller.
func (h *handlers) editMessage(ctx context.Context, in *editInput) (*httpx.Response[messageView], error) {
	m, err := h.service.editMessage(ctx, in.Slug, in.ID, in.Body.Body)
	if err != nil {
		return nil, err
	}
	view, err := h.viewMessage(ctx, in.Slug, m)
	if err != nil {
		return nil, err
	}
	return httpx.OK(view).WithVersion(m.Version), nil
}

var deleteMessageDoc = httpx.DescribeOperation("" +
	"For the author, instructors and administrators. The message stays in the list as a tombstone " +
	"without a body, so numbers have no gaps.")

// deleteMessage leaves a tombstone in place of a message.
func (h *handlers) deleteMessage(ctx context.Context, in *messageInput) (*httpx.Empty, error) {
	return nil, h.service.deleteMessage(ctx, in.Slug, in.ID)
}
