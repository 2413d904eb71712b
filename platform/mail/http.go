// Package mail owns the mails that modules want sent: rows in the database, the job that sends them,
// retries, and the administrator's view of them.
package mail

import (
	"context"
	"net/http"

	"lyceum/platform/clock"
	"lyceum/platform/httpx"
)

// NewRoutes are the administrator's view of mail; they stay whichever modules are off.
func NewRoutes(m *Mailer, c *httpx.Cursors) httpx.Table {
	h := &handlers{m, c}
	return httpx.Table{Module: "mail", Routes: []httpx.Route{
		httpx.Get("/admin/emails", httpx.Needs(PermissionManage), "Mails, the newest first", h.list),
		httpx.Post("/admin/emails/retry", httpx.Needs(PermissionManage), "Try all mails of a status again now", h.retryAll, httpx.Status(http.StatusAccepted)),
		httpx.Post("/admin/emails/{id}/retry", httpx.Needs(PermissionManage), "Try a mail again now", h.retry, httpx.Status(http.StatusAccepted)),
	}}
}

type handlers struct {
	mailer  *Mailer
	cursors *httpx.Cursors
}

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

type position struct {
	CreatedAt clock.Time
	ID        string
}

type listInput struct {
	httpx.PageQuery
	Status string `query:"status" enum:"queued,sent,failed"`
}

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
	rows, err := h.mailer.list(ctx, in.Status, from, in.Limit+1)
	if err != nil {
		return nil, err
	}
	views := make([]view, len(rows))
	for i, r := range rows {
		views[i] = viewOf(r)
	}
	return httpx.Paged(ctx, h.cursors, "emails", in.Status, views, in.Limit, func(v view) position { return position{v.CreatedAt, v.ID} }), nil
}

func viewOf(r row) view {
	v := view{ID: r.ID, To: r.Recipient, Subject: r.Subject, Kind: r.Kind, Status: r.Status, Attempts: r.Attempts, CreatedAt: r.CreatedAt, SentAt: r.SentAt}
	if r.LastError != "" {
		v.LastError = &r.LastError
	}
	return v
}

type retryInput struct {
	Status string `query:"status" enum:"failed,queued" default:"failed" doc:"Which mails: those that failed, or those that wait for their next attempt"`
}

type retriedView struct {
	Count int `json:"count" doc:"How many mails are tried again"`
}

func (h *handlers) retryAll(ctx context.Context, in *retryInput) (*httpx.Out[retriedView], error) {
	count, err := h.mailer.retryAll(ctx, in.Status)
	if err != nil {
		return nil, err
	}
	return httpx.OK(retriedView{count}).WithStatus(http.StatusAccepted), nil
}

type idInput struct {
	ID string `path:"id"`
}

func (h *handlers) retry(ctx context.Context, in *idInput) (*httpx.Empty, error) {
	return nil, h.mailer.retry(ctx, in.ID)
}
