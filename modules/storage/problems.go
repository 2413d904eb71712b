package storage

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strconv"

	"lyceum/modules/storage/storageapi"
	"lyceum/platform/apperr"
	"lyceum/platform/blob"
	"lyceum/platform/db"
)

// The problems that only this module meets.
var (
	problemKeyTaken = apperr.Problem{
		Kind: apperr.KindConflict, Code: "key-taken", Title: "File name taken",
		Meaning: "A file with this key exists already or is being uploaded. Choose another key, or delete the file " +
			"first.",
	}
	problemUploadIncomplete = apperr.Problem{
		Kind: apperr.KindConflict, Code: "upload-incomplete", Title: "Upload incomplete",
		Meaning: "The file has not arrived yet. Send it to the upload's address first, then complete the upload.",
	}
	problemUploadMismatch = apperr.Problem{
		Kind: apperr.KindConflict, Code: "upload-mismatch", Title: "Upload differs",
		Meaning: "The file that arrived is not what was announced: another size, type or checksum. detail says what " +
			"was found. Send the right file, or begin a new upload.",
	}
	problemQuotaExceeded = apperr.Problem{
		Kind: apperr.KindInvalid, Code: "quota-exceeded", Title: "Quota exceeded",
		Meaning: "With this file your uploads would take more room than they may. Delete files that you no longer " +
			"need.",
	}
	problemAssetInUse = apperr.Problem{
		Kind: apperr.KindConflict, Code: "asset-in-use", Title: "File in use",
		Meaning: "Lessons or courses still use this file; used_by lists them. Remove it there first.",
	}
)

// problems lists the problems that this module declares.
var problems = []apperr.Problem{
	problemKeyTaken, problemUploadIncomplete, problemUploadMismatch, problemQuotaExceeded, problemAssetInUse,
}

var (
	errNoKey       = apperr.NotFound("There is no object with this key.")
	errNoUpload    = apperr.NotFound("There is no such upload.")
	errNoAsset     = apperr.NotFound("There is no such asset.")
	errUnreadable  = apperr.Forbidden("You may not read this key.")
	errNotUploader = apperr.Forbidden("Only its uploader may do that.")
	errKeyTaken    = problemKeyTaken.New("An object with this key exists or is being uploaded.")
	errIncomplete  = problemUploadIncomplete.New("The object has not arrived yet.")
)

// newMismatchError says what of an upload is not as announced. The upload stays open, so that the
// right file can follow.
func newMismatchError(field, what string) *apperr.Error {
	e := problemUploadMismatch.New("The file is not what was announced: " + what + ". The file was removed. Send the right one to the " +
		"same URL, or begin the upload again with what this file is.")
	e.Fields = []apperr.Field{{Location: field, Message: what}}
	return e
}

func newQuotaError(size, used, quota int64) *apperr.Error {
	e := problemQuotaExceeded.New(fmt.Sprintf("Your uploads may have %s together. They have %s without this one of %s: delete some that "+
		"nothing uses, or ask an administrator for more room.", formatSize(quota), formatSize(used), formatSize(size)))
	e.Fields = []apperr.Field{{Location: "size", Message: fmt.Sprintf("%d bytes are left", max(0, quota-used))}}
	return e
}

// formatSize writes a size as people read it.
func formatSize(n int64) string {
	const step = 1024
	if n < step {
		return fmt.Sprintf("%d bytes", n)
	}
	value, unit := float64(n)/step, 0
	for units := []string{"KiB", "MiB", "GiB", "TiB"}; ; unit++ {
		if value < step || unit == len(units)-1 {
			return strconv.FormatFloat(math.Floor(value*10)/10, 'f', -1, 64) + " " + units[unit]
		}
		value /= step
	}
}

func newInUseError(uses []storageapi.Use) error {
	return problemAssetInUse.New("Lessons or courses use this asset.").WithMember("used_by", uses)
}

// explainStoreError turns a fault of the object store's surroundings into what the caller is told.
func explainStoreError(err error) error {
	switch {
	case err == nil, errors.Is(err, blob.ErrNotFound), errors.Is(err, blob.ErrMismatch), errors.Is(err, context.Canceled):
		return err
	case errors.Is(err, blob.ErrFull):
		return apperr.StorageFull().WithCause(err)
	}
	if e := db.ClassifyError(err); e != nil && errors.Is(e, apperr.StorageFull()) {
		return e
	}
	return apperr.Unavailable("The object store can't be reached now.").WithCause(err)
}
