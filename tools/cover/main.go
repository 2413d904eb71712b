// Command cover reads a coverage profile that several packages' tests have written together and
// holds each named module to a least share of statements that ran:
//
//	go test ./... -coverpkg=./modules/... -coverprofile=cover.out
//	go run ./tools/cover -min 70 cover.out lyceum/modules/auth lyceum/modules/chat
//
// It prints one line a module. Exit status 1 when one is below, 2 for misuse. A module is a folder
// with all under it. go tool cover counts per function and file, and a statement once for each
// package whose tests were asked, so that it can't answer this.
package main

import (
	"bufio"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"
)

func main() {
	os.Exit(run(os.Args[1:], os.Stdout, os.Stderr))
}

func run(args []string, stdout, stderr io.Writer) int {
	flags := flag.NewFlagSet("cover", flag.ContinueOnError)
	flags.SetOutput(stderr)
	least := flags.Float64("min", 70, "least percentage of each module")
	if err := flags.Parse(args); err != nil || flags.NArg() < 2 {
		fmt.Fprintln(stderr, "usage: cover [-min PERCENT] PROFILE MODULE…")
		return 2
	}
	file, err := os.Open(flags.Arg(0))
	if err != nil {
		fmt.Fprintln(stderr, "cover:", err)
		return 2
	}
	defer file.Close()
	blocks, err := readProfile(file)
	if err != nil {
		fmt.Fprintln(stderr, "cover:", err)
		return 2
	}
	status := 0
	for _, module := range flags.Args()[1:] {
		percent := share(blocks, module)
		verdict := "ok  "
		if percent < *least {
			verdict, status = "LOW ", 1
		}
		fmt.Fprintf(stdout, "%s %5.1f %%  %s\n", verdict, percent, module)
	}
	return status
}

// block is a piece of code that runs as a whole, counted in statements.
type block struct {
	statements int
	ran        bool
}

// readProfile merges the profile's lines: a block ran if it did in any package's tests. The key is
// the block's place, FILE:LINE.COLUMN,LINE.COLUMN.
func readProfile(r io.Reader) (map[string]block, error) {
	blocks := map[string]block{}
	lines := bufio.NewScanner(r)
	for lines.Scan() {
		line := lines.Text()
		if strings.HasPrefix(line, "mode:") {
			continue
		}
		var place string
		var statements, count int
		if _, err := fmt.Sscan(line, &place, &statements, &count); err != nil {
			return nil, fmt.Errorf("%q is no line of a coverage profile: %w", line, err)
		}
		blocks[place] = block{statements, blocks[place].ran || count > 0}
	}
	return blocks, lines.Err()
}

// share is the percentage of a module's statements that ran; 0 for a module without any, as a
// name that is misspelt must not pass.
func share(blocks map[string]block, module string) float64 {
	all, ran := 0, 0
	for place, b := range blocks {
		if !strings.HasPrefix(place, strings.TrimSuffix(module, "/")+"/") {
			continue
		}
		all += b.statements
		if b.ran {
			ran += b.statements
		}
	}
	if all == 0 {
		return 0
	}
	return 100 * float64(ran) / float64(all)
}
