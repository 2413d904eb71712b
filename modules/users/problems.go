package users

import (
	"lyceum/modules/users/usersapi"
	"lyceum/platform/apperr"
)

// problemLastAdmin is the problem of changes that would leave no active administrator.
var problemLastAdmin = apperr.Problem{
	Kind: apperr.KindConflict, Code: "last-admin", Title: "Last administrator",
	Meaning: "This is the last active administrator, who can't be demoted, disabled or deleted. Make somebody " +
		"else an administrator first.",
}

// problems lists the problems that this module declares.
var problems = []apperr.Problem{usersapi.ProblemEmailTaken, problemLastAdmin}
