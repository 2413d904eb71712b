package chat

import (
	"context"
	"errors"
	"math"
	"slices"
	"strconv"

	"lyceum/modules/users/usersapi"
	"lyceum/platform/clock"
	"lyceum/platform/httpx"
	"lyceum/platform/httpx/idempotency"
	"lyceum/platform/httpx/pagination"
)

type personView usersapi.Person

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

func messageOf(slug string, m *message, author usersapi.Person) messageView {
	return messageView{m.Seq, m.ID, slug, personView(author), m.Body, m.CreatedAt, m.EditedAt, m.deleted()}
}

func (h *handlers) messageViews(ctx context.Context, slug string, rows []message) ([]messageView, error) {
	people, err := h.service.authorsOf(ctx, rows)
	if err != nil {
		return nil, err
	}
	out := make([]messageView, len(rows))
	for i := range rows {
		out[i] = messageOf(slug, &rows[i], people[rows[i].AuthorID])
	}
	return out, nil
}

type historyInput struct {
	Slug      string `path:"slug"`
	BeforeSeq string `query:"before_seq" pattern:"^[0-9]{1,40}$" doc:"Messages before this one, the nearest page"`
	AfterSeq  string `query:"after_seq" pattern:"^[0-9]{1,40}$" doc:"Messages after this one, the nearest page"`
	pagination.Query
}

// historyFilter shapes the list, so a cursor goes with it.
type historyFilter struct{ Slug, Before, After string }

type seqPosition struct{ Seq int64 }

// history gives messages in ascending order. Without after_seq pages go from the newest to the
// older ones, with it from there to the newer ones.
func (h *handlers) history(ctx context.Context, in *historyInput) (*pagination.Response[messageView], error) {
	newest := in.AfterSeq == ""
	out, err := pagination.List(ctx, h.cursors.NewRequest("messages", historyFilter{in.Slug, in.BeforeSeq, in.AfterSeq}, in.Query),
		func(at *seqPosition, limit int) ([]message, error) {
			return h.service.listMessages(ctx, in.Slug, in.span(at), limit)
		},
		func(rows []message) ([]messageView, error) { return h.messageViews(ctx, in.Slug, rows) },
		func(m *message) seqPosition { return seqPosition{m.Seq} })
	if err == nil && newest {
		slices.Reverse(out.Body.Items)
	}
	return out, err
}

// span returns the messages that a page is taken from: those beyond the last page at a cursor, if there is one.
func (in *historyInput) span(at *seqPosition) span {
	p := span{Newest: in.AfterSeq == "", After: number(in.AfterSeq), Before: number(in.BeforeSeq)}
	if in.BeforeSeq == "0" {
		p.Before = 1 // nothing lies before the first
	}
	switch {
	case at == nil:
	case p.Newest:
		p.Before = at.Seq
	default:
		p.After = at.Seq
	}
	return p
}

// number reads what the pattern has let through.
func number(s string) int64 {
	n, err := strconv.ParseInt(s, 10, 64)
	if errors.Is(err, strconv.ErrRange) {
		return math.MaxInt64 // beyond every message
	}
	return n
}

type postInput struct {
	Slug string `path:"slug"`
	Body struct {
		Body     string  `json:"body" minLength:"1" maxLength:"4000" doc:"<@USER_ID> is a mention"`
		ClientID *string `json:"client_id,omitempty" minLength:"1" maxLength:"64" doc:"Sent again: the first message is the answer"`
	}
}

func (h *handlers) post(ctx context.Context, in *postInput) (*httpx.Response[messageView], error) {
	p, err := h.service.postTo(ctx, in.Slug, newMessage{in.Body.Body, in.Body.ClientID, idempotency.OperationID(ctx)})
	if err != nil {
		return nil, err
	}
	v, err := h.messageView(ctx, in.Slug, &p.message)
	if err != nil {
		return nil, err
	}
	if !p.created {
		return httpx.OK(v).WithVersion(p.Version), nil
	}
	return httpx.Created("/channels/"+in.Slug+"/messages/"+p.ID, v).WithVersion(p.Version), nil
}

func (h *handlers) messageView(ctx context.Context, slug string, m *message) (messageView, error) {
	author, err := h.service.person(ctx, m.AuthorID)
	return messageOf(slug, m, author), err
}

type editInput struct {
	Slug string `path:"slug"`
	ID   string `path:"id"`
	Body struct {
		Body string `json:"body" minLength:"1" maxLength:"4000"`
	}
}

func (h *handlers) edit(ctx context.Context, in *editInput) (*httpx.Response[messageView], error) {
	m, err := h.service.edit(ctx, in.Slug, in.ID, in.Body.Body)
	if err != nil {
		return nil, err
	}
	v, err := h.messageView(ctx, in.Slug, m)
	if err != nil {
		return nil, err
	}
	return httpx.OK(v).WithVersion(m.Version), nil
}

type messageInput struct {
	Slug string `path:"slug"`
	ID   string `path:"id"`
}

func (h *handlers) erase(ctx context.Context, in *messageInput) (*httpx.Empty, error) {
	return nil, h.service.erase(ctx, in.Slug, in.ID)
}
