// Package invites owns invitations: codes that raise the role of whoever redeems them.
//
// Tables: invites, invite_redemptions. Tells: invite.redeemed, audit entries. Hears: user.admin_lost (InTx).
// Asks: usersapi.Accounts, usersapi.Roles, coursesapi.Enroller (optional). Answers: usersapi.Holder.
//
// A code carries 150 bits and is stored as a keyed hash with a visible prefix (ASVS 11.5.1).
package invites
