// Package lifecycle runs what a server does besides answering requests: work at its start, work
// that runs beside it until it stops, and work that comes again after some time. Modules declare
// such work and do not know who starts and stops it:
//
//	module                      app
//	------                      ---
//	Starters(newStarters)   ─▶  runs each once, after the migrations and before the first request
//	Backgrounds(newWork)    ─▶  Group.Go for each; Group.Stop at shutdown
//
// Inside of a Background, Every and Repeat run a function again and again:
//
//	Every    wait, run, wait, run       at a fixed rate: the waiting time includes the run
//	Repeat   run, pause, run, pause     the pause begins when the run ends
//
// A panic ends neither the process nor the repetition: it is logged with its stack.
package lifecycle
