// Package events carries facts from the module that knows them to the modules that act on them.
//
// A module declares its events with DeclareEvent and publishes one with Bus.Publish. That is only
// possible inside a transaction, so an event exists exactly if the change that it reports does.
// A subscriber chooses one of two deliveries:
//
//		            transaction of the publisher                 after the commit
//		            ----------------------------                 ----------------
//		Publish ──▶ SubscribeInTx handlers, at once
//		        └─▶ one outbox row for each durable ──commit──▶  Bus.Run of any replica claims the row
//		            subscriber                                   and calls the handler in a transaction
//		                                                         that also deletes the row
//
//	  - SubscribeInTx runs in the publisher's transaction. Its error rolls everything back. Audit
//	    entries and granted roles use it. The handler does database work only.
//	  - SubscribeDurable is delivered at least once. A handler that fails is called again after 1, 2,
//	    4 … seconds, at most five minutes apart. After twelve attempts the row is a dead letter and
//	    waits for an operator, who lists and retries dead letters from the command line.
//
// Each durable subscriber has a row of its own, so a failing one does not repeat the others. A
// claim is a lease of 30 seconds: if the process dies, another replica takes the row over. Claims
// use FOR UPDATE SKIP LOCKED on PostgreSQL, so relays do not wait for each other. The order of
// durable deliveries is not guaranteed.
package events
