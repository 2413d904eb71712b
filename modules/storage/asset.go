package storage

import (
	"time"

	"lyceum/platform/clock"
	"lyceum/platform/keyset"
)

// Statuses of an asset.
const (
	statusPending   = "pending"
	statusCompleted = "completed"
)

// Times of an upload.
const (
	// uploadURLLife is how long an upload URL is valid, and for how long nobody, not even its
	// uploader, can begin another upload under the key, unless the upload was refused.
	uploadURLLife = time.Hour
	// completionGrace is how long after that clearUpload leaves the upload, as a large file whose
	// transfer began in time may arrive later. Completing checks no time: it works until the upload
	// is cleared, or gives way to another one under its key.
	completionGrace = time.Hour
	// maxTransferTime is how long a transfer may take. An object is deleted once more when every
	// transfer must have ended, as it may have arrived after its deletion.
	maxTransferTime = 25 * time.Hour
	// redeleteInterval is how often a deleted object is deleted again while its upload URL is valid.
	redeleteInterval = time.Minute
)

// asset is a row of the table storage_assets: an object under a key, from the declaration of its
// upload on.
type asset struct {
	ID  string
	Key string
	// ObjectID is the id of the bytes in the object store. The server makes it.
	ObjectID    string `gorm:"column:blob_id"`
	ContentType string
	Size        int64
	// SHA256 is in hexadecimal; nil if none was declared.
	SHA256     *string `gorm:"column:sha256"`
	Status     string
	UploaderID string
	// ExpiresAt is the end of the upload URL, and of the time for which a pending asset holds its
	// key. What the server writes itself has no URL but the same time.
	ExpiresAt clock.Time
	// RefusedAt is when the object was last found to differ from its declaration.
	RefusedAt *clock.Time
	// RefusingUntil is the end of the lease of a request that deletes an object which differs from
	// its declaration.
	RefusingUntil *clock.Time
	CreatedAt     clock.Time
	CompletedAt   *clock.Time
}

// TableName returns the name of the table, for GORM.
func (asset) TableName() string { return "storage_assets" }

// positionOf returns the position of an asset in a list.
func positionOf(a *asset) keyset.Position { return keyset.Position{CreatedAt: a.CreatedAt, ID: a.ID} }

// holdsKey reports whether the asset keeps its key from a new upload of an account. A refused
// upload gives way to its own uploader, who may have declared the wrong thing.
func (a *asset) holdsKey(uploaderID string, now clock.Time) bool {
	if a.Status == statusPending && a.RefusedAt != nil && a.UploaderID == uploaderID {
		return false
	}
	return a.Status == statusCompleted || now.Before(a.ExpiresAt)
}

// isBeingRefused reports whether a request is about to delete the object.
func (a *asset) isBeingRefused(now clock.Time) bool {
	return a.RefusingUntil != nil && now.Before(*a.RefusingUntil)
}

// trashedObject is a row of the table storage_trash: the object of a removed asset.
type trashedObject struct {
	ObjectID   string `gorm:"column:blob_id"`
	UploaderID *string
	Size       int64
	// NextAt is when the object is to be deleted next.
	NextAt clock.Time
	// LiveUntil is when the upload URL ends. Until then the object can come back, and counts against
	// the quota of its uploader.
	LiveUntil clock.Time
	// LastAt is when every transfer that began by LiveUntil must have ended. The object is deleted
	// for the last time then.
	LastAt clock.Time
}

// newTrashedObject returns the trash of an asset that is removed now.
func newTrashedObject(a *asset, now clock.Time) trashedObject {
	last := now
	if end := a.ExpiresAt.Add(maxTransferTime); end.After(now) {
		last = end
	}
	return trashedObject{
		ObjectID: a.ObjectID, UploaderID: &a.UploaderID, Size: a.Size, NextAt: now, LiveUntil: a.ExpiresAt,
		LastAt: last,
	}
}

// nextDeletion returns when an object that is deleted now has to be deleted again: every
// redeleteInterval while its URL is valid, as S3 accepts what is sent to it, once just after the end
// of the URL, and then not before LastAt.
func (t *trashedObject) nextDeletion(now clock.Time) clock.Time {
	afterURL := t.LiveUntil.Add(redeleteInterval)
	if !now.Before(afterURL) {
		return t.LastAt
	}
	if next := now.Add(redeleteInterval); next.Before(afterURL) {
		return next
	}
	return afterURL
}
