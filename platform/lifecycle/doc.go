// Package lifecycle runs what a server does besides answering requests: work at its start, work
// that runs beside it until it stops, and work that comes again after some time. Modules declare
// such work and do not know who starts and stops it:
//
//	module                            program
//	------                            -------
//	ProvideStarters(newStarters)  ─▶  runs each once, after the migrations, before the first request
//	ProvideBackgrounds(newWork)   ─▶  Group.Start for each; Group.Stop at shutdown
//
// Inside of a Background, these run a function again and again:
//
//	RunEvery           wait, run, wait, run     at a fixed rate: the waiting time includes the run
//	RunRepeatedly      run, pause, run, pause   the pause begins when the run ends
//
// Tasks runs short work that a request leaves behind, and waits for it at the stop.
//
// A panic ends neither the process nor the repetition: it is logged with its stack.
package lifecycle
