package problem

import (
	"strconv"

	"lyceum/platform/apperr"
	"lyceum/platform/limit"
)

// SetRateLimit sets RateLimit and RateLimit-Policy as structured fields (RFC 9651,
// draft-ietf-httpapi-ratelimit-headers-10). Every counted answer has them, refused or not.
func SetRateLimit(l *apperr.Limit, set func(k, v string)) {
	set("RateLimit", formatLimit(l.Name, ";r=", l.Remaining, ";t=", limit.WholeSeconds(l.Reset)))
	set("RateLimit-Policy", formatLimit(l.Name, ";q=", l.Quota, ";w=", limit.WholeSeconds(l.Window)))
}

// formatLimit returns a quoted name with two parameters. It is called twice for each request.
func formatLimit(name, firstKey string, first int, secondKey string, second int) string {
	out := make([]byte, 0, 64)
	out = strconv.AppendQuote(out, name)
	out = strconv.AppendInt(append(out, firstKey...), int64(first), 10)
	return string(strconv.AppendInt(append(out, secondKey...), int64(second), 10))
}
