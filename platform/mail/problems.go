package mail

import "lyceum/platform/apperr"

// The problems that only this package meets.
var problemEmailSent = apperr.Problem{
	Kind: apperr.KindConflict, Code: "email-sent", Title: "Mail already sent",
	Meaning: "This mail was sent, so it can't be sent again.",
}

// Problems lists the problems that this package declares.
var Problems = []apperr.Problem{problemEmailSent}
