package invites

import (
	"errors"

	"lyceum/platform/apperr"
)

// The problems that only this module meets.
var (
	problemInviteExpired = apperr.Problem{
		Kind: apperr.KindGone, Code: "invite-expired", Title: "Invite expired",
		Meaning: "This invite has expired. Ask the person who invited you for another.",
	}
	problemInviteRevoked = apperr.Problem{
		Kind: apperr.KindGone, Code: "invite-revoked", Title: "Invite revoked",
		Meaning: "This invite was revoked. Ask the person who invited you for another.",
	}
	problemInviteExhausted = apperr.Problem{
		Kind: apperr.KindGone, Code: "invite-exhausted", Title: "Invite used up",
		Meaning: "This invite was used as often as it may be. Ask for a new one.",
	}
	problemInviteWrongAddress = apperr.Problem{
		Kind: apperr.KindForbidden, Code: "invite-wrong-address", Title: "Invite for another address",
		Meaning: "This invite was made for another email address than that of your account. Sign in with the account " +
			"that has it, or ask for a new invite.",
	}
	problemNoEmail = apperr.Problem{
		Kind: apperr.KindConflict, Code: "no-email", Title: "Invite without address",
		Meaning: "This invite is not bound to an email address, so there is nobody to send it to.",
	}
)

// problems lists the problems that this module declares.
var problems = []apperr.Problem{
	problemInviteExpired, problemInviteRevoked, problemInviteExhausted, problemInviteWrongAddress, problemNoEmail,
}

var (
	errNoInvite     = apperr.NotFound("There is no such invite.")
	errNoBatch      = apperr.NotFound("There is no such batch.")
	errCodeTooLong  = apperr.Invalid("code", "at most 128 characters")
	errWrongAddress = problemInviteWrongAddress.New(
		"This invite is for another email address. Sign in with the account that has it.")
	errNoEmail = problemNoEmail.New("This invite has no address to mail a code to. Give its code to whoever it is for, " +
		"or make a new invite.")

	// errInviterLostRole refuses an open invite whose inviter may no longer grant roles. The caller
	// is told what a revoked invite answers, and the invite is revoked with the refusal.
	errInviterLostRole = problemInviteRevoked.New(
		"This invite was revoked. Ask the person who invited you for another.").WithCause(errLostRole)
	// errLostRole tells errInviterLostRole from the error of a revoked invite.
	errLostRole = errors.New("the inviter may no longer grant roles")

	// statusErrors has the refusal of an invite for each status but active.
	statusErrors = map[string]*apperr.Error{
		statusRevoked: problemInviteRevoked.New("This invite was revoked. Ask the person who invited you for another."),
		statusExpired: problemInviteExpired.New("This invite has expired. Ask the person who invited you for another."),
		statusExhausted: problemInviteExhausted.New(
			"All uses of this invite are spent. Ask the person who invited you for another."),
	}
)
