// Package jobs runs work outside of a request, over gocraft/work and Redis.
//
//	transaction                     Redis              a worker of any replica
//	-----------                     -----              -----------------------
//	insert a row that is due
//	commit ──▶ Enqueue(name, id) ──▶ queue ──────────▶ Handle(id): read the row, do it, save
//	                                                   ▲
//	           Sweep, every few seconds: rows that are late
//
// Redis only carries ids, and the request and the trace that have enqueued them. What has to be done stands
// in the database, so nothing is lost with Redis: the sweep finds what is late and enqueues it again.
// Therefore a job may run twice, and its handler must be idempotent.
package jobs
