package limit

import "lyceum/platform/telemetry"

// refusals counts hits that did not pass.
var refusals = telemetry.NewCounter("lyceum_rate_limit_refusals_total", "Requests and messages that a rate limit has refused.", "budget")
