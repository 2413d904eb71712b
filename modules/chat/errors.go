package chat

import "lyceum/platform/apperr"

// Errors of channels and members. Those of messages are in internal/messages.
var (
	errNoChannel  = apperr.NotFound("There is no such channel.")
	errNoMember   = apperr.NotFound("There is no such member.")
	errNoAccount  = apperr.NotFound("There is no such account.")
	errNotReader  = apperr.Forbidden("You may not read this channel.")
	errNotManager = apperr.Forbidden("Only the creator of a channel and administrators may change it.")
	errNotOwner   = apperr.Forbidden("Only the owner of a course and administrators may open channels for it.")
	errHQStays    = apperr.Forbidden("This channel always exists and is always public.")
	errSlugTaken  = apperr.ProblemSlugTaken.New("Another channel has this slug. Choose a different one.")
)
