package audit

import (
	_ "embed"
	"time"

	"lyceum/modules/audit/auditapi"
	"lyceum/platform/httpx"
)

// verifyTime is how long a walk over the whole chain may take: enough for a million entries, and
// less than the server waits for requests when it stops.
const verifyTime = 25 * time.Second

// examples are calls of the routes, for the API document. A test sends them.
//
//go:embed examples.json
var examples []byte

// newRoutes returns the routes of the module.
func newRoutes(h *handlers, actions *auditapi.Actions) httpx.Table {
	reader := httpx.RequirePermission(permissionRead)
	return httpx.Table{Module: "audit", Examples: examples, Routes: []httpx.Route{
		httpx.Get("/admin/audit-logs", reader, "List audit entries", h.listEntries,
			httpx.OrCSV(csvColumns...), httpx.OrLines(), httpx.DescribeOperation(listDoc),
			httpx.QueryExamples("action", actions.Names()...), httpx.QueryEnum("target_type", actions.Targets()...)),
		httpx.Get("/admin/audit-logs/verify", reader, "Verify the audit chain", h.verifyLog,
			httpx.AnswerWithin(verifyTime),
			httpx.DescribeOperation(verifyLogDoc)),
	}}
}
