package config

import (
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Faults collects the broken rules of a configuration. The methods that begin with Check add a
// fault unless the value is accepted.
type Faults struct{ lines []string }

// Add adds the fault of a value that is not accepted. found must not be a secret: the fault repeats
// it.
func (f *Faults) Add(key, found, accepted string) {
	f.AddLine(fmt.Sprintf("%s: found %q, accepted is %s", key, found, accepted))
}

// AddLine adds a fault in other words. The line begins with the key, or the keys, and a colon.
func (f *Faults) AddLine(line string) { f.lines = append(f.lines, line) }

// CheckOneOf adds a fault unless found is one of the accepted values. "" among them is accepted and
// not named.
func (f *Faults) CheckOneOf(key, found string, accepted ...string) {
	if !slices.Contains(accepted, found) {
		named := slices.DeleteFunc(slices.Clone(accepted), func(s string) bool { return s == "" })
		f.Add(key, found, strings.Join(named, " or "))
	}
}

// CheckRange adds a fault unless found lies between low and high, both of which are accepted.
func (f *Faults) CheckRange(key string, found, low, high int64) {
	if found < low || found > high {
		f.Add(key, fmt.Sprint(found), fmt.Sprintf("a whole number from %d to %d", low, high))
	}
}

// CheckDuration adds a fault unless found lies between low and high, both of which are accepted.
func (f *Faults) CheckDuration(key string, found, low, high time.Duration) {
	if found < low || found > high {
		f.Add(key, found.String(), fmt.Sprintf("a duration from %s to %s", low, high))
	}
}

// CheckRetention adds a fault unless found is 0, which means for ever, or at least lowest and at most a hundred years.
func (f *Faults) CheckRetention(key string, found, lowest time.Duration) {
	if found != 0 && (found < lowest || found > 100*365*24*time.Hour) {
		f.Add(key, found.String(), fmt.Sprintf("0, or a duration from %.0fh such as 2160h", lowest.Hours()))
	}
}

// checkAddress adds a fault unless found is "" or an address to listen on: host:port or :port. Port
// 0 lets the system choose one.
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
