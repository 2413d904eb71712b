package users

import "lyceum/platform/apperr"

// The problems that only this module meets.
var (
	problemEmailTaken = apperr.Problem{
		Kind: apperr.KindConflict, Code: "email-taken", Title: "Address taken",
		Meaning: "Another account has this email address. Sign in with it, or use another address.",
	}
	problemLastAdmin = apperr.Problem{
		Kind: apperr.KindConflict, Code: "last-admin", Title: "Last administrator",
		Meaning: "This is the last active administrator, who can't be demoted, disabled or deleted. Make somebody " +
			"else an administrator first.",
	}
)

// problems lists the problems that this module declares.
var problems = []apperr.Problem{problemEmailTaken, problemLastAdmin}
