// Package storage owns private files: who uploaded what under which key, and who gets a link to it.
//
// Tables: storage_assets, storage_trash. Tells: audit entries. Hears: nothing. Asks:
// usersapi.Accounts, every storageapi.KeyUser. Answers: storageapi.Assets, storageapi.Library,
// storageapi.Intake, usersapi.Holder.
//
// A key is a name that a teacher chose and lives in the database only; the object behind it has an
// id that the server made (ASVS 5.3.2). An upload is a row first: the row takes the key, then the
// client brings the bytes to a signed URL, then the row is completed. A row that goes leaves its
// object in storage_trash, in the same transaction, and a job empties that: a process killed at any
// instant leaves nothing behind for ever.
package storage
