package jobs

import (
	_ "unsafe" // for go:linkname
)

// pollPauses are the pauses, in milliseconds, after which a worker without a job asks Redis again: each
// is longer than the one before, and the last is repeated. gocraft/work ends with five seconds, for
// which a mail would wait after a quiet minute, and has no setting for it.
//
//go:linkname pollPauses github.com/gocraft/work.sleepBackoffsInMilliseconds
var pollPauses []int64

func init() { pollPauses = []int64{0, 10, 100, 500} }
