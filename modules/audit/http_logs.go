package audit

import (
	"context"
	"strconv"

	"github.com/go-json-experiment/json/jsontext"

	"lyceum/modules/users/usersapi"
	"lyceum/platform/apperr"
	"lyceum/platform/clock"
	"lyceum/platform/httpx"
	"lyceum/platform/httpx/csvrows"
	"lyceum/platform/httpx/jsonappend"
	"lyceum/platform/httpx/jsonfield"
	"lyceum/platform/httpx/pagination"
	"lyceum/platform/httpx/requestinfo"
	"lyceum/platform/httpx/stream"
)

// handlers answers the requests of the module.
type handlers struct {
	service  *Service
	accounts usersapi.Accounts
	cursors  *pagination.Cursors
}

func newHandlers(s *Service, a usersapi.Accounts, c *pagination.Cursors) *handlers {
	return &handlers{s, a, c}
}

// actorView is the account that acted.
type actorView struct {
	ID    string  `json:"id"`
	Email *string `json:"email" doc:"Looked up now; null once the account is gone"`
}

// targetView is what was changed.
type targetView struct {
	Type string `json:"type"`
	ID   string `json:"id"`
}

// entryView is an entry of the log.
type entryView struct {
	Seq       int64            `json:"seq" doc:"Counts up by one, without gaps"`
	ID        string           `json:"id"`
	Action    string           `json:"action"`
	Actor     *actorView       `json:"actor" doc:"null where nobody was signed in"`
	Target    targetView       `json:"target"`
	IP        string           `json:"ip"`
	UserAgent string           `json:"user_agent"`
	RequestID string           `json:"request_id"`
	Data      jsonfield.Object `json:"data" doc:"The text that the hash covers, byte for byte"`
	PrevHash  string           `json:"prev_hash"`
	Hash      string           `json:"hash"`
	CreatedAt clock.Time       `json:"created_at"`
}

// AppendJSON writes the entry as its type says, but for data, which stays as it is stored.
func (v *entryView) AppendJSON(b []byte) []byte {
	b = strconv.AppendInt(append(b, `{"seq":`...), v.Seq, 10)
	b = jsonappend.AppendText(append(b, `,"id":`...), v.ID)
	b = jsonappend.AppendText(append(b, `,"action":`...), v.Action)
	b = append(b, `,"actor":`...)
	if v.Actor == nil {
		b = append(b, `null`...)
	} else {
		b = jsonappend.AppendText(append(b, `{"id":`...), v.Actor.ID)
		b = append(jsonappend.AppendNullableText(append(b, `,"email":`...), v.Actor.Email), '}')
	}
	b = jsonappend.AppendText(append(b, `,"target":{"type":`...), v.Target.Type)
	b = jsonappend.AppendText(append(b, `,"id":`...), v.Target.ID)
	b = jsonappend.AppendText(append(b, `},"ip":`...), v.IP)
	b = jsonappend.AppendText(append(b, `,"user_agent":`...), v.UserAgent)
	b = jsonappend.AppendText(append(b, `,"request_id":`...), v.RequestID)
	b = append(append(b, `,"data":`...), v.Data...)
	b = jsonappend.AppendText(append(b, `,"prev_hash":`...), v.PrevHash)
	b = jsonappend.AppendText(append(b, `,"hash":`...), v.Hash)
	return append(jsonappend.AppendTime(append(b, `,"created_at":`...), v.CreatedAt), '}')
}

type listInput struct {
	pagination.Query
	Action     string    `query:"action" maxLength:"100" doc:"Only entries of this action, such as user.role_changed"`
	ActorID    string    `query:"actor_id" maxLength:"100" doc:"Only what this account did"`
	TargetType string    `query:"target_type" doc:"Only what was done to things of this type"`
	TargetID   string    `query:"target_id" maxLength:"100" doc:"Only what was done to this thing"`
	From       timeBound `query:"from" doc:"Not before (RFC 3339)"`
	To         timeBound `query:"to" doc:"Before (RFC 3339)"`
}

// timeBound is a time that was given: even the year 1 is one.
type timeBound struct {
	clock.Time
	given bool
}

// UnmarshalText reads RFC 3339.
func (b *timeBound) UnmarshalText(raw []byte) error {
	b.given = true
	return b.Time.UnmarshalText(raw)
}

// pointer returns the time, or nil if it was left out.
func (b timeBound) pointer() *clock.Time {
	if !b.given {
		return nil
	}
	return &b.Time
}

const listDoc = "For administrators. Returns entries, the newest first. As CSV or ndjson all entries that the " +
	"filters let through are streamed, the oldest first, which writes an entry of its own (audit.exported). " +
	"The actions are listed as examples of the parameter `action`, and docs/audit.md explains each."

// listEntries answers GET /admin/audit-logs: a page, or an export if the client prefers a table or
// lines.
func (h *handlers) listEntries(ctx context.Context, in *listInput) (*pagination.Response[entryView], error) {
	f := entryFilter{in.Action, in.ActorID, in.TargetType, in.TargetID, in.From.pointer(), in.To.pointer()}
	switch {
	case csvrows.PrefersCSV(ctx):
		return h.exportLog(ctx, f, "csv", h.newTable)
	case stream.PrefersLines(ctx):
		return h.exportLog(ctx, f, "ndjson", h.newLines)
	}
	return pagination.List(ctx, h.cursors.NewRequest("audit", f, in.Query),
		func(after *position, limit int) ([]entry, error) {
			return h.service.listEntries(ctx, f, after, limit)
		},
		func(found []entry) ([]entryView, error) { return h.newEntryViews(ctx, found, map[string]string{}) },
		func(e *entry) position { return position{e.Seq} })
}

// exportLog answers with a stream of all entries that match the filter, the oldest first.
func (h *handlers) exportLog(
	ctx context.Context, f entryFilter, format string, write func(entryFilter, int64) *stream.Response,
) (
	*pagination.Response[entryView], error) {
	if requestinfo.IsHead(ctx) {
		return pagination.NewStreamResponse[entryView](write(f, 0)), nil
	}
	last, err := h.service.beginExport(ctx, f, format)
	if err != nil {
		return nil, err
	}
	return pagination.NewStreamResponse[entryView](write(f, last)), nil
}

// newLines returns an export as lines of JSON.
func (h *handlers) newLines(f entryFilter, last int64) *stream.Response {
	return stream.NewLines("audit-log.ndjson", func(ctx context.Context, line func(jsonappend.Value) error) error {
		return h.forEachView(ctx, f, last, func(v *entryView) error { return line(v) })
	})
}

// csvColumns are the columns of an export as a table.
var csvColumns = []string{
	"seq", "id", "created_at", "action", "actor_id", "actor_email", "target_type", "target_id", "ip", "user_agent",
	"request_id", "data", "prev_hash", "hash",
}

// newTable returns an export as a table.
func (h *handlers) newTable(f entryFilter, last int64) *stream.Response {
	return csvrows.StreamTable("audit-log.csv", func(ctx context.Context, row func(...string) error) error {
		if err := row(csvColumns...); err != nil {
			return err
		}
		return h.forEachView(ctx, f, last, func(v *entryView) error {
			var actor, email string
			if v.Actor != nil {
				if actor = v.Actor.ID; v.Actor.Email != nil {
					email = *v.Actor.Email
				}
			}
			return row(strconv.FormatInt(v.Seq, 10), v.ID, v.CreatedAt.String(), v.Action, actor, email,
				v.Target.Type, v.Target.ID, v.IP, v.UserAgent,
				v.RequestID, string(v.Data), v.PrevHash, v.Hash)
		})
	})
}

// maxCachedEmails is how many addresses an export has in memory.
const maxCachedEmails = 10_000

// forEachView calls fn with the view of each entry of an export. It looks up the address of an
// actor once, not for every page.
func (h *handlers) forEachView(ctx context.Context, f entryFilter, last int64, fn func(*entryView) error) error {
	emails := map[string]string{}
	return h.service.exportEntries(ctx, f, last, func(page []entry) error {
		if len(emails) > maxCachedEmails {
			clear(emails)
		}
		views, err := h.newEntryViews(ctx, page, emails)
		if err != nil {
			return err
		}
		for i := range views {
			if err := fn(&views[i]); err != nil {
				return err
			}
		}
		return nil
	})
}

// newEntryViews returns the views of entries. emails caches addresses by account, "" for deleted
// accounts.
func (h *handlers) newEntryViews(ctx context.Context, found []entry, emails map[string]string) ([]entryView, error) {
	var unknown []string
	for _, e := range found {
		if e.ActorID == nil {
			continue
		}
		if _, known := emails[*e.ActorID]; !known {
			emails[*e.ActorID] = ""
			unknown = append(unknown, *e.ActorID)
		}
	}
	if len(unknown) > 0 {
		accounts, err := h.accounts.ByIDs(ctx, unknown)
		if err != nil {
			return nil, err
		}
		for id, a := range accounts {
			emails[id] = a.Email
		}
	}
	views := make([]entryView, len(found))
	for i := range found {
		views[i] = newEntryView(&found[i], emails)
	}
	return views, nil
}

// newEntryView returns the view of an entry.
func newEntryView(e *entry, emails map[string]string) entryView {
	v := entryView{
		Seq: e.Seq, ID: e.ID, Action: e.Action, Target: targetView{e.TargetType, e.TargetID}, IP: e.IP,
		UserAgent: e.UserAgent,
		RequestID: e.RequestID, Data: jsonfield.Object(e.Data), PrevHash: e.PrevHash, Hash: e.Hash, CreatedAt: e.CreatedAt,
	}
	if raw := jsontext.Value(e.Data); raw.Kind() != '{' || !raw.IsValid() {
		v.Data = "{}" // a tampered row must still be listed; verify names it
	}
	if e.ActorID != nil {
		v.Actor = &actorView{ID: *e.ActorID}
		if email := emails[*e.ActorID]; email != "" {
			v.Actor.Email = &email
		}
	}
	return v
}

// verdictView is the result of a walk over the chain.
type verdictView struct {
	OK          bool   `json:"ok"`
	Entries     int64  `json:"entries" doc:"How many there are"`
	FirstBadSeq *int64 `json:"first_bad_seq" doc:"The first that is changed or missing"`

	AcceptedBreaks []acceptedBreakView `json:"accepted_breaks,omitempty" nullable:"false" doc:"Breaks that an operator accepted; the log holds from accepted_seq on"`
}

// acceptedBreakView is a break that an operator accepted.
type acceptedBreakView struct {
	FirstBadSeq int64 `json:"first_bad_seq" doc:"The first entry that may be changed or missing"`
	AcceptedSeq int64 `json:"accepted_seq" doc:"The entry audit.break_accepted"`
}

const verifyLogDoc = "Walks over the whole chain and compares its end with the sealed head. first_bad_seq is the " +
	"first entry that was changed or is missing. Breaks that an operator has accepted are listed."

// verifyLog answers GET /admin/audit-logs/verify. It returns an unavailable error if the walk takes
// longer than the route may.
func (h *handlers) verifyLog(ctx context.Context, _ *httpx.None) (*httpx.Response[verdictView], error) {
	v, err := h.service.Verify(ctx, nil)
	if err != nil && ctx.Err() != nil {
		return nil, apperr.Unavailable("The log is too long to be checked while you wait; lyceum audit verify takes the time it needs.").WithCause(err)
	}
	if err != nil {
		return nil, err
	}
	view := verdictView{OK: v.OK, Entries: v.Entries, FirstBadSeq: v.FirstBadSeq}
	for _, b := range v.AcceptedBreaks {
		view.AcceptedBreaks = append(view.AcceptedBreaks, acceptedBreakView(b))
	}
	return httpx.OK(view), nil
}
