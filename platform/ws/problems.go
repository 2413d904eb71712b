package ws

import "lyceum/platform/apperr"

// problemTooManySockets is answered beyond one of the Limits.
var problemTooManySockets = apperr.Problem{
	Kind: apperr.KindUnavailable, Code: "too-many-sockets", Title: "Too many connections",
	Meaning: "The server, your account or your address has as many live connections open as allowed. Close other " +
		"windows and try again.",
}

// Problems lists the problems that this package declares.
var Problems = []apperr.Problem{problemTooManySockets}
