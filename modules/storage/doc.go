// Package storage owns private files: who uploaded what under which key, and who gets a signed URL
// for it.
//
//	asset.go            an asset, from the declaration of its upload to its removal
//	library.go          what other modules ask about keys, and files that the server makes
//	begin_upload.go     declaring an upload: the key, the quota and the URL
//	complete_upload.go  comparing what arrived with what was declared
//	sign.go             signed URLs, and who may read a key
//	remove.go           removing assets, and the objects that they leave in the trash
//	guard.go            what the embedded store asks before it takes or gives bytes
//	import_staging.go   files of an import, which become assets together
//	internal/filetype   what a file is, by its first bytes
//	internal/assetkey   the form of a key
//
// Tables: storage_assets, storage_trash. Publishes audit entries. Hears user.disabled (in the
// transaction). Asks usersapi.Accounts and every storageapi.KeyUser. Answers storageapi.Assets,
// Library and Intake, and usersapi.Holder.
//
// A key is a name that its uploader chose. It exists in the database only: the object has an id
// that the server made (ASVS 5.3.2). An upload begins as a row, which takes the key. Then the
// client sends the bytes to a signed URL, and then the upload is completed. A row that is removed
// leaves its object in storage_trash, in the same transaction, and a job deletes it. So a process
// that is killed at any moment leaves nothing behind.
package storage
