package events

import (
	"context"
	"fmt"
	"time"

	"lyceum/platform/db"
	"lyceum/platform/diagnosis"
)

// lateAfter is the age from which a delivery that is due counts as late: on a running server it takes less than a second.
const lateAfter = time.Minute

// OutboxCheck looks for deliveries that are late and for those that were given up.
var OutboxCheck = diagnosis.Check{Name: "outbox", Run: checkOutbox}

func checkOutbox(ctx context.Context, d *db.DB) (diagnosis.Finding, error) {
	var dead, pending int64
	var oldest *int64
	now := time.Now()
	err := d.QueryRow(ctx, "SELECT coalesce(sum(CASE WHEN state = ? THEN 1 ELSE 0 END), 0), "+
		"coalesce(sum(CASE WHEN state = ? THEN 1 ELSE 0 END), 0), min(CASE WHEN state = ? THEN next_at END) FROM outbox_deliveries",
		[]any{stateDead, statePending, statePending}, &dead, &pending, &oldest)
	if err != nil {
		return diagnosis.Finding{}, err
	}
	late := time.Duration(0)
	if oldest != nil {
		late = now.Sub(time.UnixMilli(*oldest)).Truncate(time.Second)
	}
	switch {
	case dead > 0:
		return diagnosis.Finding{Status: diagnosis.Failed, Found: fmt.Sprintf("%d deliveries were given up", dead),
			Advice: "lyceum outbox dead shows why; lyceum outbox retry tries them again"}, nil
	case late > lateAfter:
		return diagnosis.Finding{Status: diagnosis.Warning, Found: fmt.Sprintf("%d deliveries wait, the oldest for %s", pending, late),
			Advice: "they go on while a server or a worker runs: start one, and see its log"}, nil
	}
	return diagnosis.Finding{Status: diagnosis.OK, Found: fmt.Sprintf("%d deliveries wait", pending)}, nil
}
