package audit

import (
	"strings"
	"time"

	"lyceum/modules/audit/auditapi"
	"lyceum/platform/httpx"
)

// verifyTime is what a walk over the whole chain may take: a million entries and more, and less than a stop waits.
const verifyTime = 25 * time.Second

func newRoutes(h *handlers, actions *auditapi.Actions) httpx.Table {
	return httpx.Table{Module: "audit", Routes: []httpx.Route{
		httpx.Get("/admin/audit-logs", httpx.RequirePermission(permissionRead), "Entries, the newest first", h.list, httpx.OrCSV(csvColumns...), httpx.OrLines(),
			httpx.DescribeOperation("Actions are "+strings.Join(actions.Names(), ", ")+". As CSV or ndjson all that the filters let through, the oldest first, which is an entry of its own (audit.exported)."),
			httpx.QueryExamples("action", actions.Names()...), httpx.QueryEnum("target_type", actions.Targets()...)),
		httpx.Get("/admin/audit-logs/verify", httpx.RequirePermission(permissionRead), "Check the whole chain", h.verify, httpx.AnswerWithin(verifyTime)),
	}}
}
