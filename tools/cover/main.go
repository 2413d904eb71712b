// Command cover reads a coverage profile that the tests of several packages have written together and
// checks that the tests ran a minimum share of the statements of each named module:
//
//	go test ./... -coverpkg=./modules/... -coverprofile=cover.out
//	go run ./tools/cover -min 70 cover.out lyceum/modules/auth lyceum/modules/chat
//
// It prints one line for each module, which is a folder with everything below it. It exits with 1 if a
// module is below the minimum and with 2 for wrong arguments. go tool cover can't answer this question:
// it counts by function and file, and counts a statement once for each package whose tests ran.
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

// run checks the modules, prints the result and returns the exit status.
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
		percent := coveredPercent(blocks, module)
		verdict := "ok  "
		if percent < *least {
			verdict, status = "LOW ", 1
		}
		fmt.Fprintf(stdout, "%s %5.1f %%  %s\n", verdict, percent, module)
	}
	return status
}

// block is a sequence of statements that run together.
type block struct {
	statements int
	ran        bool
}

// readProfile merges the lines of the profile: a block ran if it ran in the tests of any package. The
// keys are the places of the blocks, FILE:LINE.COLUMN,LINE.COLUMN.
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

// coveredPercent returns the percentage of the statements of a module that ran. It returns 0 for a
// module without statements, as a misspelled name must not pass.
func coveredPercent(blocks map[string]block, module string) float64 {
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
