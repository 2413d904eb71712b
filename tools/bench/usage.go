package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"time"

	"lyceum/tools/bench/yardstick"
)

// tick is the unit of CPU times in /proc on Linux.
const tick = 10 * time.Millisecond

// maxPage bounds a page of metrics, in bytes.
const maxPage = 8 << 20

// usage is what a server has used since its start.
type usage struct {
	cpu    time.Duration
	allocs float64
}

// readUsage returns the CPU time and the allocations of the server. The allocations are read first for the begin of a
// round and last for its end, so that the reading itself is outside of the CPU time.
func (s *server) readUsage(ctx context.Context, isEnd bool) (u usage, err error) {
	if !isEnd {
		u.allocs, err = s.readAllocs(ctx)
	}
	u.cpu, _ = readCPUTime(s.pid()) // only Linux has it
	if isEnd {
		u.allocs, err = s.readAllocs(ctx)
	}
	return u, err
}

// measureScrape stores how many allocations one reading of the metrics makes, the least of three.
func (s *server) measureScrape(ctx context.Context) error {
	before, err := s.readAllocs(ctx)
	for range 3 {
		var after float64
		if after, err = s.readAllocs(ctx); err != nil {
			return err
		}
		if made := after - before; s.scrapeAllocs == 0 || made < s.scrapeAllocs {
			s.scrapeAllocs = made
		}
		before = after
	}
	return err
}

// readAllocs returns how many objects the server has allocated.
func (s *server) readAllocs(ctx context.Context) (float64, error) {
	page, err := readURL(ctx, s.metricsURL)
	if err != nil {
		return 0, err
	}
	return parseMetric(page, yardstick.AllocsMetric)
}

// readCPUProfile returns a CPU profile of the server, which takes the given time.
func (s *server) readCPUProfile(ctx context.Context, length time.Duration) ([]byte, error) {
	base := strings.TrimSuffix(s.metricsURL, "/metrics")
	seconds := max(1, int(length.Seconds()))
	return readURL(ctx, fmt.Sprintf("%s/debug/pprof/profile?seconds=%d", base, seconds))
}

// parseMetric returns the value of a metric without labels on a page in the text format of Prometheus. It returns an
// error if the page does not have it.
func parseMetric(page []byte, name string) (float64, error) {
	for line := range bytes.Lines(page) {
		if value, isFound := strings.CutPrefix(string(line), name+" "); isFound {
			return strconv.ParseFloat(strings.TrimSpace(value), 64)
		}
	}
	return 0, fmt.Errorf("the metrics have no %s", name)
}

// readCPUTime returns the time that a process has computed, in user and system mode. It returns an error where there
// is no /proc.
func readCPUTime(pid int) (time.Duration, error) {
	raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0, err
	}
	return parseCPUTime(string(raw))
}

// parseCPUTime returns the sum of utime and stime of a line of /proc/PID/stat. The name of the program, in parentheses
// before them, may have spaces.
func parseCPUTime(stat string) (time.Duration, error) {
	fields := strings.Fields(stat[strings.LastIndexByte(stat, ')')+1:])
	if len(fields) < 13 {
		return 0, errors.New("/proc/PID/stat is too short")
	}
	user, err1 := strconv.ParseInt(fields[11], 10, 64)
	system, err2 := strconv.ParseInt(fields[12], 10, 64)
	return time.Duration(user+system) * tick, errors.Join(err1, err2)
}

// readMemory returns the resident memory of a process in MiB, 0 where there is no /proc.
func readMemory(pid int) float64 {
	raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0
	}
	return parseMemory(string(raw))
}

// parseMemory returns VmRSS of /proc/PID/status in MiB, 0 if it is missing.
func parseMemory(status string) float64 {
	for line := range strings.Lines(status) {
		if rest, isFound := strings.CutPrefix(line, "VmRSS:"); isFound {
			kib, _ := strconv.ParseFloat(strings.TrimSuffix(strings.TrimSpace(rest), " kB"), 64)
			return kib / 1024
		}
	}
	return 0
}

// readAll returns the content of a page of at most maxPage bytes.
func readAll(r io.Reader) ([]byte, error) { return io.ReadAll(io.LimitReader(r, maxPage)) }
