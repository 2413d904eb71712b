// Package invites owns invites: codes that raise the role of the accounts that redeem them, and
// enroll them in courses.
//
//	invite.go    the invite, its statuses and its redemptions
//	code.go      the code: making, reading and hashing it
//	create.go    creating one invite
//	batch.go     inviting many addresses, each by a code of its own
//	redeem.go    redeeming a code
//	resend.go    mailing a new code for an invite
//	revoke.go    revoking invites, also those of an administrator who lost the role
//	holdings.go  what the module holds about an account
//
// Tables: invites, invite_redemptions. A code has 150 random bits and is stored as a keyed hash
// with a visible prefix (ASVS 11.5.1).
//
// Publishes audit entries. Hears user.admin_lost (in the transaction). Asks usersapi.Accounts,
// AddressVerifier and Roles, mailapi.Mailer, and coursesapi.Enroller where that module is on.
// Answers usersapi.Holder.
package invites
