package invites

import "lyceum/platform/apperr"

// The problems that only this module meets.
var (
	problemInviteExpired = apperr.Problem{
		Kind: apperr.KindGone, Code: "invite-expired", Title: "Invite expired",
		Meaning: "The time of this invite has run out. Ask for a new one.",
	}
	problemInviteRevoked = apperr.Problem{
		Kind: apperr.KindGone, Code: "invite-revoked", Title: "Invite revoked",
		Meaning: "This invite was taken back. Ask for a new one.",
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
var problems = []apperr.Problem{problemInviteExpired, problemInviteRevoked, problemInviteExhausted, problemInviteWrongAddress, problemNoEmail}
