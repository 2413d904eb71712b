package storage

import (
	"time"

	"lyceum/modules/users/usersapi"
	"lyceum/platform/clock"
	"lyceum/platform/identity"
	"lyceum/platform/keyset"
)

// Statuses of an asset.
const (
	statusPending   = "pending"
	statusCompleted = "completed"
)

// Times of an upload.
const (
	// uploadURLLife is how long an upload URL is valid, and how long the upload keeps its key from
	// others.
	uploadURLLife = time.Hour
	// completionGrace is how long after that an upload may still be completed, if nobody took its
	// key: a large file whose transfer began in time may end later.
	completionGrace = time.Hour
	// maxTransferTime is how long a transfer may take. Until then a deleted object is looked for
	// again, as it may have arrived after its deletion.
	maxTransferTime = 25 * time.Hour
	// recheckInterval is how often a deleted object is looked for while its upload URL is valid.
	recheckInterval = time.Minute
)

// asset is a row of the table storage_assets: an object under a key, from the declaration of its
// upload on.
type asset struct {
	ID          string
	Key         string
	BlobID      string
	ContentType string
	Size        int64
	// SHA256 is in hexadecimal; nil if the client declared none.
	SHA256     *string `gorm:"column:sha256"`
	Status     string
	UploaderID string
	// ExpiresAt is the end of the upload URL.
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

// isManagedBy reports whether the caller is the uploader or an administrator.
func (a *asset) isManagedBy(c identity.Caller) bool {
	return a.UploaderID == c.UserID || c.HasRole(usersapi.RoleAdmin)
}

// trashedObject is a row of the table storage_trash: an object that is to be deleted at NextAt, and
// for the last time at LastAt, as its upload URL could bring it back until then. Until LiveUntil,
// the end of that URL, it counts against the quota of its uploader.
type trashedObject struct {
	BlobID     string
	UploaderID *string
	Size       int64
	NextAt     clock.Time
	LiveUntil  clock.Time
	LastAt     clock.Time
}

// nextDeletion returns when an object that is deleted now has to be deleted again: every
// recheckInterval while its URL is valid, as S3 accepts what is sent to it, and for the last time
// when every transfer must have ended.
func (t *trashedObject) nextDeletion(now clock.Time) clock.Time {
	soon := t.LiveUntil.Add(recheckInterval)
	if !now.Before(soon) {
		return t.LastAt
	}
	if next := now.Add(recheckInterval); next.Before(soon) {
		return next
	}
	return soon
}

// toTrash returns the object of an asset that is removed now.
func (a *asset) toTrash(now clock.Time) trashedObject {
	last := now
	if end := a.ExpiresAt.Add(maxTransferTime); end.After(now) {
		last = end
	}
	return trashedObject{
		BlobID: a.BlobID, UploaderID: &a.UploaderID, Size: a.Size, NextAt: now, LiveUntil: a.ExpiresAt,
		LastAt: last,
	}
}
