package apperr

// Kind is a sort of refusal. The HTTP layer has one status for each. The zero Kind is KindInternal,
// so that an error whose kind was forgotten blames the server.
type Kind int

// The kinds that modules use.
const (
	// KindInternal is a fault of the program.
	KindInternal Kind = iota
	// KindMalformed is a request that can't be read at all.
	KindMalformed
	// KindUnauthenticated is a request whose token or password is missing or wrong.
	KindUnauthenticated
	// KindForbidden is an action that the caller may know of but not take.
	KindForbidden
	// KindNotFound is an object that does not exist or that the caller may not know of. Both look
	// alike.
	KindNotFound
	// KindConflict is a request that the present state of an object does not allow.
	KindConflict
	// KindGone is an object that existed and has ended for good.
	KindGone
	// KindPreconditionFailed is a change of a version that is not the stored one.
	KindPreconditionFailed
	// KindInvalid is a request that can be read and breaks a rule.
	KindInvalid
	// KindRateLimited is a request beyond a budget.
	KindRateLimited
	// KindUnavailable is a part of the server that can't work at the moment. The client may try
	// again.
	KindUnavailable
)

// The kinds that concern the way a request was sent. Only the HTTP layer and the object store use
// them.
const (
	// KindMethodNotAllowed is a path that takes other methods.
	KindMethodNotAllowed Kind = iota + 100
	// KindTimeout is a request that took too long to arrive.
	KindTimeout
	// KindLengthRequired is a body that must announce its length and does not.
	KindLengthRequired
	// KindTooLarge is a body beyond its bound.
	KindTooLarge
	// KindUnsupportedType is a body of a media type that is not taken.
	KindUnsupportedType
	// KindRangeNotSatisfiable is a range that lies outside of the object.
	KindRangeNotSatisfiable
	// KindUpgradeRequired is a plain request where only a WebSocket is served.
	KindUpgradeRequired
	// KindHeadersTooLarge are headers beyond their bound.
	KindHeadersTooLarge
)
