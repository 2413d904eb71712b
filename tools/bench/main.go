// Command bench compares Lyceum with a bare server:
//
//	go tool task bench:compare -- -rounds 3 -seconds 1
//
// It builds the program, starts it as a process of its own on a new PostgreSQL database, fills it through the HTTP
// API, and sends it the same requests as to the yardstick, in turns. The yardstick is this program started as
// "bench yardstick": fasthttp, pgx and JSON written by hand on the same rows, with no rule but the query's own.
//
// It prints a table and, with -out, writes Markdown, JSON and charts. It exits with 1 if an answer has an unexpected
// status, with 2 for wrong arguments and with 130 after Ctrl-C.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime"
	"syscall"

	"lyceum/tools/bench/yardstick"
)

func main() {
	runtime.LockOSThread() // the servers are tied to this thread, which must not end before them
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	var status int
	if len(os.Args) > 1 && os.Args[1] == yardstick.Command {
		status = yardstick.Serve(ctx, os.Stderr)
	} else {
		status = run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	}
	stop()
	os.Exit(status)
}

// run measures as the arguments say, prints the table on stdout and returns the exit status. Steps and errors go to
// stderr.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	o, err := parseOptions(args, stderr)
	if errors.Is(err, flag.ErrHelp) {
		return 0
	}
	if err != nil {
		fmt.Fprintln(stderr, "bench:", err)
		return 2
	}
	if len(o.growth) > 0 {
		return runGrowth(ctx, o, stdout, stderr)
	}
	r, err := compareServers(ctx, o, stderr)
	if ctx.Err() != nil {
		fmt.Fprintln(stderr, "bench: interrupted")
		return 130
	}
	if len(r.Results) > 0 {
		fmt.Fprint(stdout, renderText(r))
	}
	if err == nil && o.out != "" {
		err = writeReport(o.out, r)
	}
	if err != nil {
		fmt.Fprintln(stderr, "bench:", err)
		return 1
	}
	return 0
}

// runGrowth measures growth, prints the table on stdout and returns the exit status.
func runGrowth(ctx context.Context, o options, stdout, stderr io.Writer) int {
	r, err := measureGrowth(ctx, o, stderr)
	if len(r.Points) > 0 { // also after Ctrl-C: a step may have taken minutes
		fmt.Fprint(stdout, alignTable(r.rows())+"\n"+alignTable(socketRows(r.Sockets)))
		if o.out != "" {
			err = errors.Join(err, r.write(o.out))
		}
	}
	if ctx.Err() != nil {
		fmt.Fprintln(stderr, "bench: interrupted")
		return 130
	}
	if err != nil {
		fmt.Fprintln(stderr, "bench:", err)
		return 1
	}
	return 0
}
