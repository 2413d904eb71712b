package mail

import "lyceum/platform/telemetry"

// mailsHanded counts attempts to hand a mail to the mail server.
var mailsHanded = telemetry.NewCounter("lyceum_mails_total",
	"Attempts to hand a mail to the mail server; result is sent, retry for one that is tried again, or failed.", "kind", "result")
