package doctor

import (
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"lyceum/platform/backup"
	"lyceum/platform/blob/s3"
	"lyceum/platform/config"
	"lyceum/platform/db"
	"lyceum/platform/diagnosis"
	"lyceum/platform/migrate"
)

// Options are what an examination looks at.
type Options struct {
	Config        *config.Config
	Migrations    []migrate.Migration
	ObjectColumns []backup.ObjectColumns
	// OpenBucket returns the bucket of the configuration. It is called only if there is one.
	OpenBucket func() (*s3.Store, error)
	// Checks are those of the modules.
	Checks []diagnosis.Check
	// CheckSealed returns as fault what the keys can't open, and an error if that can't be found out. It is
	// called only if there are keys and the schema is up to date.
	CheckSealed func(ctx context.Context) (fault, err error)
	// SendTestMail sends a mail. It is nil if none is wanted.
	SendTestMail func(ctx context.Context) error
}

// checkTimeout bounds each group of checks: a service that is silent must not keep the others from being examined.
const checkTimeout = 20 * time.Second

// Examine runs all checks and returns their findings, at least one for each part.
func Examine(ctx context.Context, o Options) []diagnosis.Finding {
	x := &examination{Options: o}
	defer x.close()
	for _, run := range []func(context.Context){
		x.checkSettings, x.checkDatabase, x.checkMigrations, x.checkKeys, x.checkModules, x.checkRedis, x.checkObjects,
		x.checkMail, x.checkMachine,
	} {
		limited, cancel := context.WithTimeout(ctx, checkTimeout)
		run(limited)
		cancel()
	}
	return x.findings
}

// examination is one run of all checks.
type examination struct {
	Options
	findings []diagnosis.Finding
	// db is nil if the database can't be reached or is not there yet.
	db *db.DB
	// isCurrent says that the schema of the database is up to date.
	isCurrent bool
}

func (x *examination) close() {
	if x.db != nil {
		_ = x.db.Close()
	}
}

// ok adds a finding that all is well.
func (x *examination) ok(check, format string, args ...any) {
	x.add(check, diagnosis.OK, fmt.Sprintf(format, args...), "")
}

// warn adds a finding of something that works and should be changed.
func (x *examination) warn(check, found, advice string) {
	x.add(check, diagnosis.Warning, oneLine(found), advice)
}

// fail adds a finding of something that does not work.
func (x *examination) fail(check, found, advice string) {
	x.add(check, diagnosis.Failed, oneLine(found), advice)
}

func (x *examination) add(check string, status diagnosis.Status, found, advice string) {
	x.findings = append(x.findings, diagnosis.Finding{Check: check, Status: status, Found: found, Advice: advice})
}

// oneLine returns the different lines of a text as one: drivers report each address that they have tried.
func oneLine(text string) string {
	var lines []string
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); line != "" && !strings.Contains(strings.Join(lines, "; "), line) {
			lines = append(lines, line)
		}
	}
	return strings.Join(lines, "; ")
}

// CountFailed returns how many findings have failed.
func CountFailed(findings []diagnosis.Finding) (n int) {
	for _, f := range findings {
		if f.Status == diagnosis.Failed {
			n++
		}
	}
	return n
}

// Print writes findings for people, one a line, with the advice below it.
func Print(w io.Writer, findings []diagnosis.Finding) error {
	for _, f := range findings {
		if _, err := fmt.Fprintf(w, "%-8s %-14s %s\n", f.Status, f.Check, f.Found); err != nil {
			return err
		}
		if f.Advice == "" {
			continue
		}
		if _, err := fmt.Fprintf(w, "%24s→ %s\n", "", f.Advice); err != nil {
			return err
		}
	}
	return nil
}
