package events

import (
	"context"
	"fmt"
	"time"

	"lyceum/platform/db"
	"lyceum/platform/diagnosis"
)

// lateAfter is the age from which a delivery that is due counts as late: on a running server it takes less than
// a second.
const lateAfter = time.Minute

// OutboxCheck looks for deliveries that are late and for those that were given up.
var OutboxCheck = diagnosis.Check{Name: "outbox", Run: checkOutbox}

func checkOutbox(ctx context.Context, d *db.DB) (diagnosis.Finding, error) {
	lag, err := readLag(ctx, d)
	if err != nil {
		return diagnosis.Finding{}, err
	}
	switch {
	case lag.dead > 0:
		return diagnosis.Finding{Status: diagnosis.Failed, Found: fmt.Sprintf("%d deliveries were given up", lag.dead),
			Advice: "lyceum outbox dead shows why; lyceum outbox retry tries them again"}, nil
	case lag.oldest > lateAfter:
		return diagnosis.Finding{Status: diagnosis.Warning,
			Found:  fmt.Sprintf("%d deliveries wait, the oldest for %s", lag.pending, lag.oldest),
			Advice: "they go on while a server or a worker runs: start one, and see its log"}, nil
	}
	return diagnosis.Finding{Status: diagnosis.OK, Found: fmt.Sprintf("%d deliveries wait", lag.pending)}, nil
}

// outboxLag is what waits in the outbox.
type outboxLag struct {
	pending, dead int64
	// oldest is how long the oldest delivery that is due has waited, in whole seconds.
	oldest time.Duration
}

// readLag asks the database what waits.
func readLag(ctx context.Context, d *db.DB) (lag outboxLag, err error) {
	var oldest *int64
	err = d.QueryRow(ctx, "SELECT coalesce(sum(CASE WHEN state = ? THEN 1 ELSE 0 END), 0), "+
		"coalesce(sum(CASE WHEN state = ? THEN 1 ELSE 0 END), 0), min(CASE WHEN state = ? THEN next_at END) FROM outbox_deliveries",
		[]any{stateDead, statePending, statePending}, &lag.dead, &lag.pending, &oldest)
	if err == nil && oldest != nil {
		lag.oldest = max(0, time.Since(time.UnixMilli(*oldest)).Truncate(time.Second))
	}
	return lag, err
}
