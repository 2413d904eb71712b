package config

import (
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// checkURL adds a fault that names the wrong part of a URL. No URL is accepted, too. With hasSecret
// the fault does not repeat the parts that may hold a password.
func (f *Faults) checkURL(key, found string, hasSecret bool, schemes ...string) {
	if found == "" {
		return
	}
	if accepted := findURLFault(found, schemes); accepted != "" {
		if hasSecret {
			found = maskURL(found)
		}
		f.Add(key, found, accepted)
	}
}

// findURLFault returns what is accepted in place of the first wrong part of a URL. It returns ""
// for a sound URL.
func findURLFault(raw string, schemes []string) string {
	begins := "a URL beginning with " + strings.Join(schemes, ":// or ") + "://"
	scheme, rest, ok := strings.Cut(raw, "://")
	if !ok || !slices.Contains(schemes, strings.ToLower(scheme)) {
		return begins
	}
	if isSoundURL(raw, scheme) {
		return ""
	}
	if strings.Contains(rest, ",") && scheme != "sqlite" {
		return begins + " and one address"
	}
	if scheme == "sqlite" {
		return "sqlite:// and a path, such as sqlite:///var/lib/lyceum/lyceum.db"
	}
	// A reserved character in a password ends the host for a parser, which then complains about
	// something else.
	end := strings.IndexAny(rest, "/?#")
	if at := strings.LastIndex(rest, "@"); end >= 0 && at > end || strings.Contains(rest, "%") {
		return begins + ", in whose user name and password the characters # / ? @ : % stand " +
			"percent-encoded (%23 %2F %3F %40 %3A %25)"
	}
	if end >= 0 && rest[end] == '#' {
		return begins + " without a # and what follows it"
	}
	if end == 0 || rest == "" {
		return begins + " and a host"
	}
	return begins + ", a host and, after a colon, a port from 1 to 65535"
}

// isSoundURL reports whether a URL has a host, or for sqlite a file, and nothing that would be
// ignored.
func isSoundURL(raw, scheme string) bool {
	u, err := url.Parse(raw)
	if err != nil || u.Fragment != "" || !isValidPort(u.Port()) {
		return false
	}
	if scheme == "sqlite" {
		return u.Host == "" && u.Path != "" && !strings.HasSuffix(u.Path, "/")
	}
	// URLs of PostgreSQL may name several hosts.
	return u.Host != "" && (!strings.Contains(u.Host, ",") || strings.HasPrefix(scheme, "postgres"))
}

// isValidPort reports whether port is a number from 1 to 65535, or "" for the port of the scheme.
func isValidPort(port string) bool {
	if port == "" {
		return true
	}
	n, err := strconv.Atoi(port)
	return err == nil && n > 0 && n <= 65535
}
