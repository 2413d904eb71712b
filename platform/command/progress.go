package command

import (
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/mattn/go-isatty"
	"github.com/schollz/progressbar/v3"

	"lyceum/platform/backup"
)

// NewProgress returns what shows the progress of long work on w: a bar on a terminal, else a line at the end of
// each step and every ten seconds.
func NewProgress(w io.Writer) backup.Progress {
	if f, ok := w.(interface{ Fd() uintptr }); ok && isatty.IsTerminal(f.Fd()) {
		return &progressBar{w: w}
	}
	return &progressLines{w: w, now: time.Now}
}

// progressBar draws a bar for each step.
type progressBar struct {
	w   io.Writer
	bar *progressbar.ProgressBar
}

// Start implements backup.Progress.
func (p *progressBar) Start(step string, total int64, unit backup.Unit) {
	p.bar = progressbar.NewOptions64(max(total, 1),
		progressbar.OptionSetWriter(p.w), progressbar.OptionSetDescription(fmt.Sprintf("%-16s", step)),
		progressbar.OptionShowBytes(unit == backup.Bytes), progressbar.OptionUseIECUnits(true), progressbar.OptionShowCount(),
		progressbar.OptionThrottle(100*time.Millisecond), progressbar.OptionSetWidth(30),
		progressbar.OptionSetPredictTime(true))
}

// Add implements backup.Progress.
func (p *progressBar) Add(n int64) { _ = p.bar.Add64(n) }

// Finish implements backup.Progress.
func (p *progressBar) Finish() {
	_ = p.bar.Finish()
	fmt.Fprintln(p.w)
}

// lineInterval is the time between two lines of a long step.
const lineInterval = 10 * time.Second

// progressLines prints lines.
type progressLines struct {
	w   io.Writer
	now func() time.Time

	mu          sync.Mutex
	step        string
	unit        backup.Unit
	total, done int64
	started     time.Time
	lastLine    time.Time
}

// Start implements backup.Progress.
func (p *progressLines) Start(step string, total int64, unit backup.Unit) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.step, p.unit, p.total, p.done = step, unit, total, 0
	p.started, p.lastLine = p.now(), p.now()
}

// Add implements backup.Progress.
func (p *progressLines) Add(n int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.done += n
	if now := p.now(); now.Sub(p.lastLine) >= lineInterval {
		p.lastLine = now
		fmt.Fprintf(p.w, "%s: %s of %s\n", p.step, formatAmount(p.done, p.unit), formatAmount(p.total, p.unit))
	}
}

// Finish implements backup.Progress.
func (p *progressLines) Finish() {
	p.mu.Lock()
	defer p.mu.Unlock()
	took := p.now().Sub(p.started).Round(100 * time.Millisecond)
	fmt.Fprintf(p.w, "%s: %s in %s\n", p.step, formatAmount(p.done, p.unit), took)
}

// formatAmount returns an amount for people.
func formatAmount(n int64, unit backup.Unit) string {
	if unit == backup.Bytes {
		return FormatBytes(n)
	}
	return fmt.Sprintf("%d %s", n, unit)
}

// FormatBytes returns a number of bytes for people, such as 1.5 MiB.
func FormatBytes(n int64) string {
	if n < 1024 {
		return fmt.Sprintf("%d bytes", n)
	}
	value, units := float64(n)/1024, "KMGTPE"
	for value >= 1024 && len(units) > 1 {
		value, units = value/1024, units[1:]
	}
	return fmt.Sprintf("%.1f %ciB", value, units[0])
}
