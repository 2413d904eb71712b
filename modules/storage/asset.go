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
	pending   = "pending"
	completed = "completed"
)

// Times of an upload.
const (
	// urlLife is how long an upload URL may be used, and how long it keeps its key from others.
	urlLife = time.Hour
	// lateness is how long past that an upload may still be completed, if nobody took its key: a
	// large file that was begun in time arrives when it arrives.
	lateness = time.Hour
	// slowest is the longest that a begun transfer may go on; until then a cleared object is
	// looked for again, as it may have arrived after it was cleared.
	slowest = 25 * time.Hour
	// lookEvery is how often a cleared object is looked for while its upload URL lives.
	lookEvery = time.Minute
)

// asset is an object under a key, from the moment its upload begins.
type asset struct {
	ID          string
	Key         string
	BlobID      string
	ContentType string
	Size        int64
	// SHA256 in hexadecimal, when the client said it.
	SHA256     *string `gorm:"column:sha256"`
	Status     string
	UploaderID string
	// ExpiresAt is when the upload URL ends.
	ExpiresAt clock.Time
	// RefusedAt is when its object was last found to be another than announced.
	RefusedAt *clock.Time
	// RefusingUntil ends the lease of a request that deletes the object, which was found to be another than announced.
	RefusingUntil *clock.Time
	CreatedAt     clock.Time
	CompletedAt   *clock.Time
}

// TableName of assets.
func (asset) TableName() string { return "storage_assets" }

// positionOf returns where a page that ends with an asset ends.
func positionOf(a *asset) keyset.Position { return keyset.Position{CreatedAt: a.CreatedAt, ID: a.ID} }

// holdsKey says whether another upload of an account has to keep off the key. One that was refused gives way to its own
// uploader, who may have announced the wrong thing.
func (a *asset) holdsKey(uploaderID string, now clock.Time) bool {
	if a.Status == pending && a.RefusedAt != nil && a.UploaderID == uploaderID {
		return false
	}
	return a.Status == completed || now.Before(a.ExpiresAt)
}

// isBeingRefused reports whether a request is about to delete the object.
func (a *asset) isBeingRefused(now clock.Time) bool {
	return a.RefusingUntil != nil && now.Before(*a.RefusingUntil)
}

// belongsTo says whether the caller may do with it what only its uploader and administrators may.
func (a *asset) belongsTo(c identity.Caller) bool {
	return a.UploaderID == c.UserID || c.HasRole(usersapi.RoleAdmin)
}

// trash is an object that has to go: at NextAt, and for the last time at LastAt, since whoever
// still has the upload URL may bring it back until then. Until LiveUntil, when the URL ends, it counts as its uploader's.
type trash struct {
	BlobID     string
	UploaderID *string
	Size       int64
	NextAt     clock.Time
	LiveUntil  clock.Time
	LastAt     clock.Time
}

// again is when an object that is emptied now has to be looked at again: every lookEvery while its URL lives, as S3 takes
// whatever comes with it, and for the last time when a transfer that was begun before must have ended, too.
func (t *trash) again(now clock.Time) clock.Time {
	soon := t.LiveUntil.Add(lookEvery)
	if !now.Before(soon) {
		return t.LastAt
	}
	if next := now.Add(lookEvery); next.Before(soon) {
		return next
	}
	return soon
}

func (a *asset) trash(now clock.Time) trash {
	last := now
	if end := a.ExpiresAt.Add(slowest); end.After(now) {
		last = end
	}
	return trash{BlobID: a.BlobID, UploaderID: &a.UploaderID, Size: a.Size, NextAt: now, LiveUntil: a.ExpiresAt, LastAt: last}
}
