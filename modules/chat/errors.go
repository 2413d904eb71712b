package chat

import "lyceum/platform/apperr"

var (
	errNoChannel  = apperr.NotFound("There is no such channel.")
	errNoMessage  = apperr.NotFound("There is no such message.")
	errNoMember   = apperr.NotFound("There is no such member.")
	errNoAccount  = apperr.NotFound("There is no such account.")
	errNotReader  = apperr.Forbidden("You may not read this channel.")
	errNotManager = apperr.Forbidden("Only its creator and administrators manage a channel.")
	errNotAuthor  = apperr.Forbidden("Only the author may change a message.")
	errTooLate    = apperr.Forbidden("A message can be changed for 15 minutes.")
	errNotRemover = apperr.Forbidden("Only the author, instructors and administrators remove a message.")
	errNotOwner   = apperr.Forbidden("Only a course's owner and administrators open channels for it.")
	errHQStays    = apperr.Forbidden("This channel always exists and is always public.")
	errSlugTaken  = apperr.ProblemSlugTaken.New("Another channel has this slug.")
)
