// Package faults holds the stories in which parts of a whole installation fail while people use it: three replicas
// behind a balancer, on PostgreSQL, Redis, an S3 store and a mail server of their own.
//
// A load of many kinds of work writes down what was acknowledged. Meanwhile servers and services are killed, frozen,
// emptied, cut off or run out of something. Afterwards a check compares what is stored with what was acknowledged:
// everything once, the audit chain whole, nothing left in the outbox, no gap in a channel.
//
//	faults_test.go     the faults one after the other, and the report
//	rolling_test.go    replicas are replaced one by one, by the same version or by a newer one
//	installation_test.go, balancer_test.go, wire_test.go   what is under test, and what can be done to it
//	load_test.go, work_*_test.go   the load
//	ledger_test.go, check_test.go  what was acknowledged, and whether it holds
package faults
