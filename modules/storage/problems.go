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

// The problems that this module declares.
var (
	problemKeyTaken = apperr.Problem{
		Kind: apperr.KindConflict, Code: "key-taken", Title: "File name taken",
		Meaning: "A file with this key exists already or is being uploaded. Choose another key, or delete the file " +
			"first.",
	}
	problemUploadIncomplete = apperr.Problem{
		Kind: apperr.KindConflict, Code: "upload-incomplete", Title: "Upload incomplete",
		Meaning: "The file has not arrived yet. Send it to the upload's URL, then complete the upload.",
	}
	problemUploadMismatch = apperr.Problem{
		Kind: apperr.KindConflict, Code: "upload-mismatch", Title: "Upload differs",
		Meaning: "The file that arrived is not what was declared: another size, type or checksum. detail says what " +
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
	errNoKey       = apperr.NotFound("There is no file with this key.")
	errNoObject    = apperr.NotFound("There is no such object.")
	errNoUpload    = apperr.NotFound("There is no such upload.")
	errNoAsset     = apperr.NotFound("There is no such asset.")
	errUnreadable  = apperr.Forbidden("You may not read a file with this key.")
	errNotUploader = apperr.Forbidden("Only the account that began an upload may complete it.")
	errUploadEnded = apperr.Forbidden(
		"This upload was given up, or its uploader may not upload any more. Begin a new one.")
	errKeyTaken   = problemKeyTaken.New("A file with this key exists or is being uploaded. Choose another key.")
	errIncomplete = problemUploadIncomplete.New("The file has not arrived yet. Send it to the upload's URL first.")
	// errMismatch is every error of newMismatchError for errors.Is.
	errMismatch   = problemUploadMismatch.New("The file is not what was declared.")
	errStagedGone = apperr.Unavailable("The staged files are gone; start the import again.")
)

// newMismatchError says what of an upload is not as declared. The upload stays open, so that the
// right file can follow.
func newMismatchError(field, what string) *apperr.Error {
	e := problemUploadMismatch.New("The file is not what was declared: " + what + ". The file was removed. Send the " +
		"right one to the same URL, or begin the upload again with what this file is.")
	e.Fields = []apperr.Field{{Location: field, Message: what}}
	return e
}

// newQuotaError says that an upload of size bytes does not fit, as the uploader already holds used of
// quota bytes.
func newQuotaError(size, used, quota int64) *apperr.Error {
	e := problemQuotaExceeded.New(fmt.Sprintf("Your uploads may have %s together. They have %s without this one of %s: "+
		"delete some that nothing uses, or ask an administrator for more room.",
		formatSize(quota), formatSize(used), formatSize(size)))
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

// newInUseError says which places use an asset that is to be removed.
func newInUseError(uses []storageapi.Use) error {
	return problemAssetInUse.New("Lessons or courses use this file. Remove it from them first.").WithMember("used_by", uses)
}

// explainStoreError turns a fault of the object store into what the caller is told. It passes on the
// errors that are none: blob.ErrNotFound, blob.ErrMismatch and a canceled context.
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
