package mail

import "lyceum/platform/apperr"

// problemEmailSent answers a retry of a mail that was sent.
var problemEmailSent = apperr.Problem{
	Kind: apperr.KindConflict, Code: "email-sent", Title: "Mail already sent",
	Meaning: "This mail was sent, so it can't be sent again.",
}

// problems lists the problems that this module declares.
var problems = []apperr.Problem{problemEmailSent}
