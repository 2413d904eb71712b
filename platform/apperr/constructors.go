package apperr

import "time"

// NotFound returns the error for an object that does not exist or that the caller may not know of.
// Both look alike, so that an answer does not tell which ids exist.
func NotFound(detail string) *Error { return ProblemNotFound.New(detail) }

// Forbidden returns the error for an action that the caller may know of but not take.
func Forbidden(detail string) *Error { return ProblemForbidden.New(detail) }

// Unauthenticated returns the error for a request that needs a token and has none.
func Unauthenticated() *Error {
	return ProblemUnauthenticated.New("You are not signed in. Sign in and try again; " +
		"programs send Authorization: Bearer with an access token.")
}

// InvalidToken returns the error for every token that is not valid. It is the same for all reasons,
// so that it does not help to forge one.
func InvalidToken() *Error {
	return ProblemInvalidToken.New("This sign-in is no longer valid. Sign in again.")
}

// PreconditionFailed returns the error for a change of a version that is not the stored one
// (If-Match).
func PreconditionFailed() *Error {
	return ProblemPreconditionFailed.New("Somebody else changed this meanwhile. " +
		"Open it again, add your changes and save once more.")
}

// Malformed returns the error for a request that can't be read at all, such as broken JSON.
func Malformed(detail string) *Error { return ProblemMalformedRequest.New(detail) }

// Invalid returns the error for one field of the body that breaks a rule. location is relative to
// the body, such as "title", and "" for the body as a whole.
func Invalid(location, message string) *Error {
	return InvalidFields(Field{Location: location, Message: message})
}

// InvalidFields returns the error for all fields of a request that break a rule. Its detail spells
// out the first three of them.
func InvalidFields(fields ...Field) *Error {
	e := ProblemValidationFailed.New(explainFields(fields))
	e.Fields = fields
	return e
}

// Unavailable returns the error for a part of the server that can't work now. Clients are told to
// try again after two seconds.
func Unavailable(detail string) *Error {
	e := ProblemUnavailable.New(detail)
	e.RetryAfter = 2 * time.Second
	return e
}

// StorageFull returns the error for a server whose disk or object store is full. Reading still
// works. Clients are told to try again after 30 seconds.
func StorageFull() *Error {
	e := ProblemStorageFull.New("The server has no room left, so nothing can be saved at the moment; " +
		"what is there can still be read. Tell the people who run this site.")
	e.RetryAfter = 30 * time.Second
	return e
}
