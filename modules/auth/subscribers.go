package auth

import "lyceum/platform/events"

func newSubscribers(s *Service) []events.Subscription {
	return []events.Subscription{
		events.InTx("auth", s.onDisabled),
		events.InTx("auth", s.onEmailReplaced),
		events.Durable("auth", s.onResetAsked),
	}
}
