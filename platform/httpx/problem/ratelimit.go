package problem

import (
	"fmt"

	"lyceum/platform/apperr"
	"lyceum/platform/limit"
)

// SetRateLimit sets RateLimit and RateLimit-Policy as structured fields (RFC 9651,
// draft-ietf-httpapi-ratelimit-headers-10). Every counted answer has them, refused or not.
func SetRateLimit(l *apperr.Limit, set func(k, v string)) {
	set("RateLimit", fmt.Sprintf("%q;r=%d;t=%d", l.Name, l.Remaining, limit.WholeSeconds(l.Reset)))
	set("RateLimit-Policy", fmt.Sprintf("%q;q=%d;w=%d", l.Name, l.Quota, limit.WholeSeconds(l.Window)))
}
