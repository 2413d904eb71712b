// Package faults holds the stories in which parts of a whole installation fail while people use it: three replicas
// behind a balancer, on PostgreSQL, Redis, an S3 store and a mail server of their own.
//
// A load of many kinds of work writes down what was acknowledged. Meanwhile servers and services are killed, frozen,
// emptied, cut off or run out of something. Afterwards a check compares what is stored with what was acknowledged:
// everything once, the audit chain whole, nothing left in the outbox, no gap in a channel.
//
//	faults_linux_test.go               the faults one after the other, and the report
//	rolling_test.go                    replicas are replaced one by one, by the same version or by a newer one
//	installation, balancer, wire       what is under test, and what can be done to it
//	load, work, talker                 the load
//	ledger, check                      what was acknowledged, and whether it holds
package faults
