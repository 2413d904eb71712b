package mail

import (
	"time"

	"lyceum/platform/jobs"
)

const jobName = "mail.send"

// Times of the sweep that finds mails whose job was lost.
const (
	sweepPause = 5 * time.Second
	lateAfter  = 3 * time.Second
)

// newWorkers returns the job that sends one mail. The queue does not repeat it: the row has its own
// time of retry.
func newWorkers(s *Service) []jobs.Worker {
	return []jobs.Worker{{Name: jobName, Handle: s.send, Sweep: s.findLate, Every: sweepPause, MaxFails: 1}}
}
