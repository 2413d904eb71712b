package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"strings"
	"time"
)

// options say what is measured, and how long.
type options struct {
	// rounds is the number of rounds of each scenario and side, and seconds the length of each.
	rounds  int
	seconds float64
	// connections is the number of connections, each with one request at a time.
	connections int
	scenarios   []scenario
	// isEmbedded measures Lyceum alone, with SQLite and everything else inside of its process.
	isEmbedded bool
	// out is the folder of the report; empty for none.
	out string
	// binary is the program to measure; empty builds it from the sources.
	binary string
	// profiles is the folder for CPU profiles of Lyceum; empty for none.
	profiles string
	size     seedSize
	// growth are the steps at which the paths of growthPaths are measured; empty compares servers instead.
	growth []amount
	// sockets are the numbers of sockets that are measured with growth.
	sockets []int
}

// maxConnections bounds the connections. More of them would measure the client.
const maxConnections = 512

// parseOptions returns the options in args. It returns flag.ErrHelp after -help and an error for a value out of
// bounds or a scenario that does not exist.
func parseOptions(args []string, stderr io.Writer) (o options, err error) {
	o.size = fullSize
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.IntVar(&o.rounds, "rounds", 5, "rounds of each scenario and server")
	flags.Float64Var(&o.seconds, "seconds", 2, "length of a round")
	flags.IntVar(&o.connections, "connections", 16, "connections, each with one request at a time")
	flags.BoolVar(&o.isEmbedded, "sqlite", false, "measure Lyceum on SQLite and embedded services, without yardstick")
	flags.StringVar(&o.out, "out", "", "folder for results.md, results.json, rates.svg and latencies.svg")
	flags.StringVar(&o.profiles, "profiles", "", "folder for a CPU profile of Lyceum in each scenario, taken after it")
	flags.StringVar(&o.binary, "binary", "", "file of the program to measure, such as an older release, instead of building it")
	only := flags.String("only", "", "scenarios, comma-separated, of "+strings.Join(scenarioNames(), ", "))
	measuresGrowth := flags.Bool("growth", false,
		"measure how the times of Lyceum change while the database grows; with -out it writes growth.md, growth.json, growth.svg and sockets.svg")
	steps := flags.Int("steps", len(growthSteps), "how many steps of -growth are measured; the last takes minutes")
	isQuick := flags.Bool("quick", false, "one round of 0.3 s on little data: shows that everything works")
	if err := flags.Parse(args); err != nil {
		return o, err
	}
	if *isQuick {
		o.rounds, o.size = 1, quickSize
		o.seconds = min(o.seconds, 0.3)
	}
	if *steps < 1 || *steps > len(growthSteps) {
		return o, fmt.Errorf("-steps has to be from 1 to %d", len(growthSteps))
	}
	if *measuresGrowth {
		o.growth, o.sockets = growthSteps[:*steps], socketSteps[:min(*steps+1, len(socketSteps))]
	}
	if o.scenarios, err = chooseScenarios(*only); err != nil {
		return o, err
	}
	return o, o.validate(flags.Args())
}

// validate returns an error that names the first option out of bounds. rest holds arguments that are no flags.
func (o options) validate(rest []string) error {
	switch {
	case len(o.growth) > 0 && o.isEmbedded:
		return errors.New("-growth needs PostgreSQL, so it can't be used with -sqlite")
	case len(rest) > 0:
		return fmt.Errorf("unexpected argument %q", rest[0])
	case o.rounds < 1:
		return errors.New("-rounds has to be at least 1")
	case o.seconds <= 0 || o.seconds > 600:
		return errors.New("-seconds has to be above 0 and at most 600")
	case o.connections < 1 || o.connections > maxConnections:
		return fmt.Errorf("-connections has to be from 1 to %d", maxConnections)
	}
	return nil
}

// roundLength returns how long a round lasts.
func (o options) roundLength() time.Duration { return time.Duration(o.seconds * float64(time.Second)) }

// chooseScenarios returns the scenarios with the names in a comma-separated list, in the order of allScenarios. An
// empty list means all of them. It returns an error that names a scenario that does not exist.
func chooseScenarios(list string) (chosen []scenario, err error) {
	if list == "" {
		return allScenarios, nil
	}
	wanted := map[string]bool{}
	for name := range strings.SplitSeq(list, ",") {
		wanted[strings.TrimSpace(name)] = true
	}
	for _, s := range allScenarios {
		if wanted[s.name] {
			chosen = append(chosen, s)
			delete(wanted, s.name)
		}
	}
	for name := range wanted {
		return nil, fmt.Errorf("no such scenario: %q; there are %s", name, strings.Join(scenarioNames(), ", "))
	}
	return chosen, nil
}
