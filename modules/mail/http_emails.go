package mail

import (
	"context"
	"net/http"

	"lyceum/platform/clock"
	"lyceum/platform/httpx"
)

type handlers struct {
	service *Service
	cursors *httpx.Cursors
}

func newHandlers(s *Service, c *httpx.Cursors) *handlers { return &handlers{s, c} }

// view is a mail as administrators see it, without its text.
type view struct {
	ID        string      `json:"id"`
	To        string      `json:"to"`
	Subject   string      `json:"subject"`
	Kind      string      `json:"kind"`
	Status    string      `json:"status" enum:"queued,sent,failed"`
	Attempts  int         `json:"attempts"`
	LastError *string     `json:"last_error"`
	CreatedAt clock.Time  `json:"created_at"`
	SentAt    *clock.Time `json:"sent_at" nullable:"true"`
}

func viewOf(m message) view {
	v := view{
		ID: m.ID, To: m.Recipient, Subject: m.Subject, Kind: m.Kind, Status: m.Status,
		Attempts: m.Attempts, CreatedAt: m.CreatedAt, SentAt: m.SentAt,
	}
	if m.LastError != "" {
		v.LastError = &m.LastError
	}
	return v
}

// position is the place of a mail in the list: the content of a cursor.
type position struct {
	CreatedAt clock.Time
	ID        string
}

type listInput struct {
	httpx.PageQuery
	Status string `query:"status" enum:"queued,sent,failed"`
}

// list returns one page of mails, the newest first.
func (h *handlers) list(ctx context.Context, in *listInput) (*httpx.Out[httpx.Page[view]], error) {
	var after position
	more, err := h.cursors.Decode(ctx, "emails", in.Status, in.Cursor, &after)
	if err != nil {
		return nil, err
	}
	from := &after
	if !more {
		from = nil
	}
	messages, err := h.service.list(ctx, in.Status, from, in.Limit+1)
	if err != nil {
		return nil, err
	}
	views := make([]view, len(messages))
	for i, m := range messages {
		views[i] = viewOf(m)
	}
	positionOf := func(v view) position { return position{v.CreatedAt, v.ID} }
	return httpx.Paged(ctx, h.cursors, "emails", in.Status, views, in.Limit, positionOf), nil
}

type retryInput struct {
	Status string `query:"status" enum:"failed,queued" default:"failed" doc:"Which mails: those that failed, or those that wait for their next attempt"`
}

type retriedView struct {
	Count int `json:"count" doc:"How many mails are tried again"`
}

// retryAll makes all mails of a status due now and returns how many they are.
func (h *handlers) retryAll(ctx context.Context, in *retryInput) (*httpx.Out[retriedView], error) {
	count, err := h.service.retryAll(ctx, in.Status)
	if err != nil {
		return nil, err
	}
	return httpx.OK(retriedView{count}).WithStatus(http.StatusAccepted), nil
}

type idInput struct {
	ID string `path:"id"`
}

// retry makes one mail due now. It returns 404 for an unknown id and 409 email-sent for a mail that
// was sent.
func (h *handlers) retry(ctx context.Context, in *idInput) (*httpx.Empty, error) {
	return nil, h.service.retry(ctx, in.ID)
}
