package telemetry

import (
	"bufio"
	"io"
	"log/slog"
	"os"
	"regexp"
	"time"
)

const (
	// repeatPause is how long a line is left out after it was logged, and the time for which maxPerPause lines are
	// logged: gocraft/work prints a line each ten milliseconds and worker while Redis is away.
	repeatPause = time.Minute
	maxPerPause = 30
	// maxPrinted is the length of a line in bytes.
	maxPrinted = 8 << 10
	// restoreTimeout bounds the wait for the last lines. A process that was started meanwhile may hold the output open.
	restoreTimeout = time.Second
)

// LogPrintedLines makes log records of what libraries print to the standard output, until restore is called. The output
// of a server is read by programs, which expect records alone. A line that repeats is logged once a minute.
//
// Code that prints on purpose keeps the os.Stdout of before. LogPrintedLines is called before goroutines run that may
// print.
func LogPrintedLines() (restore func(), err error) {
	r, w, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	before := os.Stdout
	os.Stdout = w
	done := make(chan struct{})
	go func() {
		defer close(done)
		logLines(r, time.Now)
	}()
	return func() {
		os.Stdout = before
		_ = w.Close()
		select {
		case <-done:
		case <-time.After(restoreTimeout):
		}
		_ = r.Close()
	}, nil
}

// digits are what differs between two lines that say the same, such as the port of a connection.
var digits = regexp.MustCompile(`[0-9]+`)

// logLines logs the lines of r to its end.
func logLines(r io.Reader, now func() time.Time) {
	lines := bufio.NewReaderSize(r, maxPrinted)
	logged, began, leftOut := map[string]bool{}, now(), 0
	for {
		// The rest of a longer line is a line of its own: the code that prints must not have to wait.
		raw, _, err := lines.ReadLine()
		if err != nil {
			return
		}
		if at := now(); at.Sub(began) >= repeatPause {
			if leftOut > 0 {
				slog.Warn("lines that libraries printed were left out", "lines", leftOut)
			}
			logged, began, leftOut = map[string]bool{}, at, 0
		}
		kind := digits.ReplaceAllString(string(raw), "0")
		switch {
		case kind == "":
		case logged[kind] || len(logged) == maxPerPause:
			leftOut++
		default:
			logged[kind] = true
			slog.Warn("a library printed", "text", string(raw))
		}
	}
}
