package folder

import (
	"context"
	"time"
)

// Guard decides when a signed URL is used whether it is still valid: the right that it was signed
// for may have been withdrawn since. The client is told an *apperr.Error as it is, and any other
// error as 503.
type Guard interface {
	// MayPut returns an error if the object may not be uploaded any more.
	MayPut(ctx context.Context, id string) error
	// MayGet returns an error if the object may not be downloaded any more.
	MayGet(ctx context.Context, id string) error
}

// guardTimeout bounds one question to the guard.
const guardTimeout = 2 * time.Second

// SetGuard sets the guard. Without one, every URL is valid until it expires. It must be called
// before Handler serves requests.
func (s *Store) SetGuard(g Guard) { s.guard = g }

// checkMayPut asks the guard about an upload, before it is read and again before its object
// appears: hours may lie between.
func (s *Store) checkMayPut(id string) error { return s.askGuard(Guard.MayPut, id) }

// checkMayGet asks the guard about a download.
func (s *Store) checkMayGet(id string) error { return s.askGuard(Guard.MayGet, id) }

// askGuard asks the guard, if there is one. The context of the request is not used: it ends when
// the client goes away.
func (s *Store) askGuard(question func(Guard, context.Context, string) error, id string) error {
	if s.guard == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), guardTimeout)
	defer cancel()
	return question(s.guard, ctx, id)
}
