package apperr

// The problems that every module may meet.
var (
	ProblemMalformedRequest = Problem{
		Kind: KindMalformed, Code: "malformed-request", Title: "Malformed request",
		Meaning: "The request could not be read: its JSON is broken or nests deeper than 32 levels, its body is " +
			"missing, or its headers contradict each other. The program that sent it has to be corrected.",
	}
	ProblemUnauthenticated = Problem{
		Kind: KindUnauthenticated, Code: "unauthenticated", Title: "Not signed in",
		Meaning: "This needs an account. Sign in and try again; programs send Authorization: Bearer with an access " +
			"token.",
	}
	ProblemInvalidToken = Problem{
		Kind: KindUnauthenticated, Code: "invalid-token", Title: "Sign-in no longer valid",
		Meaning: "The access or refresh token is not valid: the session has ended, or the token was never ours. All " +
			"reasons look the same on purpose. Sign in again.",
	}
	ProblemTokenExpired = Problem{
		Kind: KindUnauthenticated, Code: "token-expired", Title: "Token expired",
		Meaning: "The access token has expired. Get a new one with the refresh token, or sign in again.",
	}
	ProblemForbidden = Problem{
		Kind: KindForbidden, Code: "forbidden", Title: "Not allowed",
		Meaning: "Your account may see this but not do that with it, or its role is too low. Ask an administrator if " +
			"you need it.",
	}
	ProblemNotFound = Problem{
		Kind: KindNotFound, Code: "not-found", Title: "Not found",
		Meaning: "There is nothing at this address, or nothing that your account may know of. Check the address, or " +
			"sign in with another account.",
	}
	ProblemPreconditionFailed = Problem{
		Kind: KindPreconditionFailed, Code: "precondition-failed", Title: "Changed meanwhile",
		Meaning: "Somebody else changed this after you opened it. Open it again, add your changes and save once more.",
	}
	ProblemSlugTaken = Problem{
		Kind: KindConflict, Code: "slug-taken", Title: "Short name taken",
		Meaning: "Something else already has this short name (slug). Choose another one.",
	}
	ProblemInvalidLink = Problem{
		Kind: KindInvalid, Code: "invalid-link", Title: "Link not valid",
		Meaning: "The link was used already, is too old, or was replaced by a newer one. Use the newest mail, or ask " +
			"for a new link.",
	}
	ProblemValidationFailed = Problem{
		Kind: KindInvalid, Code: "validation-failed", Title: "Something to correct",
		Meaning: "One or more fields are not accepted. errors names each of them and says why.",
	}
	ProblemUnavailable = Problem{
		Kind: KindUnavailable, Code: "unavailable", Title: "Temporarily unavailable",
		Meaning: "A part of the server can't be reached at the moment. Retry-After says when to try again.",
	}
	ProblemStorageFull = Problem{
		Kind: KindUnavailable, Code: "storage-full", Title: "No room left",
		Meaning: "The server has no room left, so nothing can be saved at the moment. Reading still works. Tell the " +
			"people who run this site.",
	}
	ProblemRateLimited = Problem{
		Kind: KindRateLimited, Code: "rate-limited", Title: "Too many requests",
		Meaning: "This was done too often in a short time. Retry-After says when it is possible again; RateLimit " +
			"names the limit.",
	}
	ProblemInternalError = Problem{
		Kind: KindInternal, Code: "internal-error", Title: "Internal error",
		Meaning: "Something went wrong on our side. Tell the people who run this site the request_id; it helps them " +
			"to find the cause.",
	}
)

// CommonProblems lists the problems that every module may meet.
var CommonProblems = []Problem{
	ProblemMalformedRequest,
	ProblemUnauthenticated,
	ProblemInvalidToken,
	ProblemTokenExpired,
	ProblemForbidden,
	ProblemNotFound,
	ProblemPreconditionFailed,
	ProblemSlugTaken,
	ProblemInvalidLink,
	ProblemValidationFailed,
	ProblemUnavailable,
	ProblemStorageFull,
	ProblemRateLimited,
	ProblemInternalError,
}
