// Package cache keeps copies of values from the database in memory and drops them on every replica
// when the value changes.
//
//	replica of the writer                    every replica
//	---------------------                    -------------
//	commit ─▶ Bus.SendSignal(topic, key) ─▶  Invalidated drops the key ─▶ the next Get loads again
//
// Three rules keep a copy from being stale for longer than a second:
//
//   - A load that began before a signal is not kept, as it may have read the old value.
//   - A caller who asks after a signal does not share a load that began before it.
//   - While signals of other replicas may be lost, a copy lives for half a second.
package cache
