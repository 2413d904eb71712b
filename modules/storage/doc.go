// Package storage owns private files: who uploaded what under which key, and who gets a signed URL
// for it.
//
//	asset.go            an asset, from the declaration of its upload to its removal, and trash
//	begin_upload.go     declaring an upload: the rules, the key, the quota and the URL
//	complete_upload.go  comparing what arrived with what was declared
//	sign.go             signed URLs, and who may read, use or change an asset
//	remove.go           removing assets, revoking the uploads of accounts that may not upload any more,
//	                    and deleting the objects that they leave in the trash, with the jobs
//	guard.go            what the embedded object store asks before it takes or gives bytes
//	files.go            files of the server's own making, and the bytes of assets for other modules
//	import_files.go     files of an import, which become assets together
//	service.go          what the use cases share: lists, what views add to assets, audit entries
//	internal/filetype   what a file is, by its first bytes
//	internal/assetkey   the form of a key
//
// The rest is as in every module: store.go has the statements, http_*.go the views and handlers,
// holdings.go the export and deletion of accounts.
//
// Tables: storage_assets, storage_trash. Publishes audit entries. Hears user.disabled (in the
// transaction). Asks usersapi.Accounts and every storageapi.KeyReferrer. Answers
// storageapi.KeyChecker, FilePutter, FileReader and FileImporter, and usersapi.Holder.
//
// A key is a name that its uploader chose. It exists in the database only: the object has an id
// that the server made (ASVS 5.3.2). An upload begins as a row, which takes the key. Then the
// client sends the bytes to a signed URL, and then the upload is completed. A row that is removed
// leaves its object in storage_trash, in the same transaction, and a job deletes it. Whatever a
// killed process leaves, a sweep removes: pending uploads two hours after they began, trash when it
// is due.
//
// One word for each way in which something goes:
//
//	remove   an asset, completed or pending: its row goes, its object goes to the trash
//	revoke   a pending upload is removed, as its uploader has lost the right to upload
//	clear    a pending upload is removed, as nobody completed it in time
//	discard  staged files are removed, and their objects at once
//	refuse   the object of a pending upload is deleted, as it differs from the declaration; the
//	         upload stays
//	delete   an object goes from the object store
//	forget   a row of the trash goes, as its object can't come back
package storage
