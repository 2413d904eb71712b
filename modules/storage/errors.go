package storage

import (
	"context"
	"errors"

	"lyceum/modules/storage/storageapi"
	"lyceum/platform/apperr"
	"lyceum/platform/blob"
	"lyceum/platform/db"
)

var (
	errNoKey      = apperr.NotFound("There is no object with this key.")
	errNoUpload   = apperr.NotFound("There is no such upload.")
	errNoAsset    = apperr.NotFound("There is no such asset.")
	errUnreadable = apperr.Forbidden("You may not read this key.")
	errNotYours   = apperr.Forbidden("Only its uploader may do that.")
	errTaken      = apperr.Conflict("key-taken", "An object with this key exists or is being uploaded.")
	errIncomplete = apperr.Conflict("upload-incomplete", "The object has not arrived yet.")
	errQuota      = apperr.New(422, "quota-exceeded", "Your uploads would exceed the quota.")
)

func errMismatch(what string) *apperr.Error {
	return apperr.Conflict("upload-mismatch", "The object differs from what was declared: "+what+". It was removed; upload it again.")
}

func errInUse(uses []storageapi.Use) error {
	return apperr.Conflict("asset-in-use", "Lessons or courses use this asset.").With("used_by", uses)
}

// storeFault turns a fault of the object store's surroundings into what the caller is told.
func storeFault(err error) error {
	switch {
	case err == nil, errors.Is(err, blob.ErrNotFound), errors.Is(err, blob.ErrMismatch), errors.Is(err, context.Canceled):
		return err
	case errors.Is(err, blob.ErrFull):
		return apperr.StorageFull().Because(err)
	}
	if e := db.Classify(err); e != nil && errors.Is(e, apperr.StorageFull()) {
		return e
	}
	return apperr.Unavailable("The object store can't be reached now.").Because(err)
}
