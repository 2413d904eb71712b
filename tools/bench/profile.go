package main

import (
	"context"
	"os"
	"path/filepath"
	"time"
)

// profileLength is how long a profile takes. The scenario runs a little longer.
const profileLength = 5 * time.Second

// profileScenario runs a scenario against Lyceum once more and writes a CPU profile of it to a file that is
// named after the scenario.
func (m *meter) profileScenario(ctx context.Context, s scenario) error {
	lyceum := m.sides[0]
	m.say("profiling %s", s.name)
	type outcome struct {
		profile []byte
		err     error
	}
	read := make(chan outcome, 1)
	go func() {
		profile, err := lyceum.server.readCPUProfile(ctx, profileLength)
		read <- outcome{profile, err}
	}()
	_, err := m.measureRound(ctx, lyceum, s, profileLength+time.Second/2)
	got := <-read
	if err != nil {
		return err
	}
	if got.err != nil {
		return got.err
	}
	if err := os.MkdirAll(m.options.profiles, 0o755); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(m.options.profiles, s.name+".pprof"), got.profile, 0o600)
}
