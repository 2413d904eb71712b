package audit

import (
	"context"

	"lyceum/modules/audit/auditapi"
	"lyceum/platform/events"
)

// newSubscribers records the entries that modules publish, in the transaction of their change.
func newSubscribers(s *Service) []events.Subscription {
	record := func(ctx context.Context, e auditapi.Entry) error { return s.recordEntry(ctx, e) }
	return []events.Subscription{events.SubscribeInTx("audit", record)}
}
