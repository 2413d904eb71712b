package invites

import (
	"context"

	"github.com/danielgtaylor/huma/v2"

	"lyceum/platform/bulk"
	"lyceum/platform/clock"
	"lyceum/platform/httpx"
	"lyceum/platform/httpx/validation"
	"lyceum/platform/identity"
)

type batchInput struct {
	Body struct {
		RoleToGrant identity.Role `json:"role_to_grant" enum:"member,instructor,admin"`
		ExpiresAt   *clock.Time   `json:"expires_at,omitempty" doc:"Left out: never"`
		CourseIDs   []string      `json:"course_ids,omitempty" maxItems:"100" doc:"Courses that each of them is enrolled in, too"`
		Note        string        `json:"note,omitempty" maxLength:"500"`
		Mode        string        `json:"mode,omitempty" enum:"atomic,partial" default:"partial" doc:"atomic: a row with an error keeps all from being written"`
		DryRun      bool          `json:"dry_run,omitempty" doc:"Tell what would happen, and do nothing"`
		Rows        []struct {
			Email string `json:"email"`
		} `json:"rows" nullable:"false" minItems:"1" maxItems:"1000"`
	}
}

// batchRowView is the result of one row.
type batchRowView struct {
	Row      int    `json:"row" doc:"Counts from 1, without a header line"`
	Email    string `json:"email"`
	Status   string `json:"status" enum:"created,exists,error,skipped" doc:"exists: the address has an open invite to the same role and courses that lasts as long, or stands in a row before"`
	InviteID string `json:"invite_id,omitempty"`
	Error    string `json:"error,omitempty" enum:"invalid-email"`
}

// batchView is the result of a batch.
type batchView struct {
	BatchID string         `json:"batch_id,omitempty" doc:"Left out when nothing was made"`
	Results []batchRowView `json:"results" nullable:"false" doc:"One for each row, in their order"`
	Created int            `json:"created"`
	Exists  int            `json:"exists"`
	Errors  int            `json:"errors"`
}

// Resolve implements huma.Resolver.
func (in *batchInput) Resolve(ctx huma.Context) []error { return validation.CheckInput(ctx, in) }

// checkBatch returns the faults of a batch that no data is needed for.
func (h *handlers) checkBatch(_ context.Context, in *batchInput) (faults validation.Faults) {
	h.checkGrant(&faults, in.Body.ExpiresAt, in.Body.Note)
	return faults
}

const createBatchDoc = "For administrators. Mails an invite to each address, from JSON or from a table with a column " +
	"email. dry_run only checks; mode atomic invites all or nobody. An address that has an open " +
	"invite of the same kind is not invited twice."

// createBatch answers POST /admin/invites/batch.
func (h *handlers) createBatch(ctx context.Context, in *batchInput) (*httpx.Response[batchView], error) {
	b := in.Body
	emails := make([]string, len(b.Rows))
	for n, r := range b.Rows {
		emails[n] = r.Email
	}
	id, rows, err := h.service.createBatch(ctx, batch{
		grant: grant{b.RoleToGrant, b.ExpiresAt, b.CourseIDs, b.Note}, Emails: emails,
		Atomic: b.Mode == "atomic", DryRun: b.DryRun,
	})
	if err != nil {
		return nil, err
	}
	v := batchView{BatchID: id, Results: make([]batchRowView, len(rows))}
	for n, r := range rows {
		v.Results[n] = batchRowView{n + 1, r.Email, r.Status, r.ID, r.Error}
	}
	v.Created, v.Exists, v.Errors = bulk.CountStatuses(rows)
	return httpx.OK(v), nil
}

type batchQuery struct {
	BatchID string `query:"batch_id" required:"true" minLength:"1" doc:"The batch to revoke"`
}

const revokeBatchDoc = "For administrators. Ends all open invites of a batch. An unknown batch is 404."

// revokeBatch answers DELETE /admin/invites?batch_id=.
func (h *handlers) revokeBatch(ctx context.Context, in *batchQuery) (*httpx.Empty, error) {
	return nil, h.service.revokeBatch(ctx, in.BatchID)
}
