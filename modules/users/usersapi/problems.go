package usersapi

import "lyceum/platform/apperr"

// ProblemEmailTaken is the problem of an address that belongs to another account. Module users
// declares it.
var ProblemEmailTaken = apperr.Problem{
	Kind: apperr.KindConflict, Code: "email-taken", Title: "Address taken",
	Meaning: "Another account has this email address. Sign in with it, or use another address.",
}
