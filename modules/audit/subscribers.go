package audit

import (
	"context"

	"lyceum/modules/audit/auditapi"
	"lyceum/platform/events"
)

func newSubscribers(s *Service) []events.Subscription {
	return []events.Subscription{events.SubscribeInTx("audit", func(ctx context.Context, e auditapi.Entry) error { return s.append(ctx, e) })}
}
