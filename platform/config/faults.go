package config

import (
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Faults collects what is wrong with a configuration, one line for each broken rule.
type Faults struct{ lines []string }

// Add notes a value that is not accepted. A secret must not be given as what was found.
func (f *Faults) Add(key, found, accepted string) {
	f.AddLine(fmt.Sprintf("%s: found %q, accepted is %s", key, found, accepted))
}

// AddLine notes a fault in words of its own. It begins with the key, or keys, and a colon.
func (f *Faults) AddLine(line string) { f.lines = append(f.lines, line) }

// CheckOneOf notes a value that is none of those accepted.
func (f *Faults) CheckOneOf(key, found string, accepted ...string) {
	if !slices.Contains(accepted, found) {
		named := slices.DeleteFunc(slices.Clone(accepted), func(s string) bool { return s == "" })
		f.Add(key, found, strings.Join(named, " or "))
	}
}

// CheckRange notes a number outside of low and high, both of which are accepted.
func (f *Faults) CheckRange(key string, found, low, high int64) {
	if found < low || found > high {
		f.Add(key, fmt.Sprint(found), fmt.Sprintf("a whole number from %d to %d", low, high))
	}
}

// CheckDuration notes a duration outside of low and high, both of which are accepted.
func (f *Faults) CheckDuration(key string, found, low, high time.Duration) {
	if found < low || found > high {
		f.Add(key, found.String(), fmt.Sprintf("a duration from %s to %s", low, high))
	}
}

// checkAddress notes what is no address to listen on. Nothing is accepted.
func (f *Faults) checkAddress(key, found string) {
	if found == "" {
		return
	}
	host, port, err := net.SplitHostPort(found)
	number, numberErr := strconv.Atoi(port)
	if err != nil || numberErr != nil || number < 0 || number > 65535 || strings.ContainsAny(host, " /@") {
		f.Add(key, found, "host:port or :port, with a port from 0 to 65535")
	}
}
