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

var (
	errNoKey      = apperr.NotFound("There is no object with this key.")
	errNoUpload   = apperr.NotFound("There is no such upload.")
	errNoAsset    = apperr.NotFound("There is no such asset.")
	errUnreadable = apperr.Forbidden("You may not read this key.")
	errNotYours   = apperr.Forbidden("Only its uploader may do that.")
	errTaken      = problemKeyTaken.New("An object with this key exists or is being uploaded.")
	errIncomplete = problemUploadIncomplete.New("The object has not arrived yet.")
)

// errMismatch says what of an upload is not as announced. The upload stays open, so that the right file can follow.
func errMismatch(field, what string) *apperr.Error {
	e := problemUploadMismatch.New("The file is not what was announced: " + what + ". The file was removed. Send the right one to the " +
		"same URL, or begin the upload again with what this file is.")
	e.Fields = []apperr.Field{{Location: field, Message: what}}
	return e
}

func errQuota(size, used, quota int64) *apperr.Error {
	e := problemQuotaExceeded.New(fmt.Sprintf("Your uploads may have %s together. They have %s without this one of %s: delete some that "+
		"nothing uses, or ask an administrator for more room.", inUnits(quota), inUnits(used), inUnits(size)))
	e.Fields = []apperr.Field{{Location: "size", Message: fmt.Sprintf("%d bytes are left", max(0, quota-used))}}
	return e
}

// inUnits writes a size as people read it.
func inUnits(n int64) string {
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

func errInUse(uses []storageapi.Use) error {
	return problemAssetInUse.New("Lessons or courses use this asset.").WithMember("used_by", uses)
}

// storeFault turns a fault of the object store's surroundings into what the caller is told.
func storeFault(err error) error {
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
