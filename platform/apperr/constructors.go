package apperr

import "time"

// NotFound returns the error for something that does not exist, or that the caller may not know of.
func NotFound(detail string) *Error { return ProblemNotFound.New(detail) }

// Forbidden returns the error for something that the caller may see but not do.
func Forbidden(detail string) *Error { return ProblemForbidden.New(detail) }

// Unauthenticated returns the error for a request without a token.
func Unauthenticated() *Error {
	return ProblemUnauthenticated.New("You are not signed in. Sign in and try again; " +
		"programs send Authorization: Bearer with an access token.")
}

// InvalidToken returns the one error for every token that does not hold, whatever the reason.
func InvalidToken() *Error {
	return ProblemInvalidToken.New("This sign-in is no longer valid. Sign in again.")
}

// PreconditionFailed returns the error for a change of a version that is not the stored one.
func PreconditionFailed() *Error {
	return ProblemPreconditionFailed.New("Somebody else changed this meanwhile. " +
		"Open it again, add your changes and save once more.")
}

// Malformed returns the error for a request that can't be read at all.
func Malformed(detail string) *Error { return ProblemMalformedRequest.New(detail) }

// Invalid returns the error for one field of the body that breaks a rule. The location is relative
// to the body, such as "title"; it is empty for the body as a whole.
func Invalid(location, message string) *Error {
	return InvalidFields(Field{Location: location, Message: message})
}

// InvalidFields returns the error for all fields that break a rule. Its detail spells out the first
// of them.
func InvalidFields(fields ...Field) *Error {
	e := ProblemValidationFailed.New(explainFields(fields))
	e.Fields = fields
	return e
}

// Unavailable returns the error for a part that can't be reached now. Callers may try again after
// two seconds.
func Unavailable(detail string) *Error {
	e := ProblemUnavailable.New(detail)
	e.RetryAfter = 2 * time.Second
	return e
}

// StorageFull returns the error for a server without room to write. Reading goes on.
func StorageFull() *Error {
	e := ProblemStorageFull.New("The server has no room left, so nothing can be saved at the moment; " +
		"what is there can still be read. Tell the people who run this site.")
	e.RetryAfter = 30 * time.Second
	return e
}
