package learning

import (
	"context"

	"lyceum/platform/bulk"
	"lyceum/platform/httpx"
)

const batchDoc = "One result for each row, in their order. An address that is enrolled, or stands there twice, " +
	"exists; rows that an atomic batch holds back are skipped."

// batchInput is a batch as JSON. As CSV, mode and dry_run are query parameters.
type batchInput struct {
	ID   string `path:"id"`
	Body struct {
		Mode   string `json:"mode,omitempty" enum:"atomic,partial" default:"partial" doc:"atomic: a row with an error keeps all from being written"`
		DryRun bool   `json:"dry_run,omitempty" doc:"Tell what would happen, and do nothing"`
		Rows   []struct {
			Email string `json:"email"`
		} `json:"rows" nullable:"false" minItems:"1" maxItems:"1000"`
	}
}

// batchRowView is what has become, or would become, of a row.
type batchRowView struct {
	Row    int    `json:"row" doc:"Counts from 1, without a header line"`
	Email  string `json:"email"`
	Status string `json:"status" enum:"created,exists,error,skipped"`
	Error  string `json:"error,omitempty" enum:"invalid-email,no-account"`
}

// batchView has the rows of a batch with their counts.
type batchView struct {
	Results []batchRowView `json:"results" nullable:"false" doc:"One for each row, in their order"`
	Created int            `json:"created"`
	Exists  int            `json:"exists"`
	Errors  int            `json:"errors"`
}

// enrollBatch answers POST /courses/{id}/enrollments/batch. An archived course is 409 course-archived.
func (h *Handlers) enrollBatch(ctx context.Context, in *batchInput) (*httpx.Response[batchView], error) {
	b := batch{
		IsAtomic: in.Body.Mode == "atomic", IsDryRun: in.Body.DryRun, Emails: make([]string, len(in.Body.Rows)),
	}
	for i, r := range in.Body.Rows {
		b.Emails[i] = r.Email
	}
	rows, err := h.service.enrollBatch(ctx, in.ID, b)
	if err != nil {
		return nil, err
	}
	view := batchView{Results: make([]batchRowView, len(rows))}
	for i, r := range rows {
		view.Results[i] = batchRowView{i + 1, r.Email, r.Status, r.Error}
	}
	view.Created, view.Exists, view.Errors = bulk.CountStatuses(rows)
	return httpx.OK(view), nil
}
