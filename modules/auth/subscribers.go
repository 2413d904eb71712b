package auth

import "lyceum/platform/events"

func newSubscribers(s *Service) []events.Subscription {
	return []events.Subscription{
		events.SubscribeInTx("auth", s.onDisabled),
		events.SubscribeInTx("auth", s.onEmailReplaced),
		events.SubscribeDurable("auth", s.onResetAsked),
	}
}
