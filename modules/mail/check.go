package mail

import (
	"context"
	"fmt"
	"time"

	"lyceum/platform/clock"
	"lyceum/platform/db"
	"lyceum/platform/diagnosis"
)

// overdueAfter is the age from which a mail that is due counts as late.
const overdueAfter = 10 * time.Minute

// queueCheck looks for mails that wait and for those that were given up.
var queueCheck = diagnosis.Check{Name: "mail queue", Run: checkQueue}

func checkQueue(ctx context.Context, d *db.DB) (diagnosis.Finding, error) {
	now := clock.System{}.Now()
	late, failed, err := newStore(d).countUnsent(ctx, now.Add(-overdueAfter), now.Add(-7*24*time.Hour))
	switch {
	case err != nil:
		return diagnosis.Finding{}, err
	case late > 0:
		return diagnosis.Finding{
			Status: diagnosis.Failed, Found: fmt.Sprintf("%d mails are due for more than %s", late, overdueAfter),
			Advice: "they go on while a server or a worker runs: start one, and see its log",
		}, nil
	case failed > 0:
		return diagnosis.Finding{
			Status: diagnosis.Warning, Found: fmt.Sprintf("%d mails of the last week were given up", failed),
			Advice: "GET /admin/emails?status=failed shows why; POST /admin/emails/retry?status=failed tries them again",
		}, nil
	}
	return diagnosis.Finding{Status: diagnosis.OK, Found: "no mail is late, none of the last week was given up"}, nil
}
