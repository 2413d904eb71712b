package telemetry

import (
	"bufio"
	"io"
	"log/slog"
	"os"
	"time"
)

const (
	// repeatPause is how long a line is left out after it was logged: gocraft/work prints one each ten milliseconds and
	// worker while Redis is away.
	repeatPause = time.Minute
	// maxRemembered bounds how many lines are remembered, and maxPrinted the length of a line in bytes.
	maxRemembered, maxPrinted = 100, 8 << 10
)

// LogPrintedLines makes log records of what libraries print to the standard output, until restore is called. The output
// of a server is read by programs, which expect records alone. A line that repeats is logged once a minute.
//
// Who prints on purpose keeps the os.Stdout of before. LogPrintedLines is called before goroutines run that may print.
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
		<-done
		_ = r.Close()
	}, nil
}

// logLines logs each line of r to its end.
func logLines(r io.Reader, now func() time.Time) {
	lines := bufio.NewReaderSize(r, maxPrinted)
	logged := map[string]time.Time{}
	for {
		// The rest of a longer line is a line of its own: nobody who prints may have to wait.
		raw, _, err := lines.ReadLine()
		if err != nil {
			return
		}
		text := string(raw)
		if at, known := logged[text]; text == "" || known && now().Sub(at) < repeatPause {
			continue
		}
		if len(logged) == maxRemembered {
			clear(logged)
		}
		logged[text] = now()
		slog.Warn("a library printed", "text", text)
	}
}
