package folder

import (
	"context"
	"time"
)

// Guard says whether a signed URL still holds when it is used: what it was signed for may have been taken back since.
// An *apperr.Error is told to the caller.
type Guard interface {
	// MayPut returns an error if the object with this id may not arrive any more.
	MayPut(ctx context.Context, id string) error
	// MayGet returns an error if the object with this id may not be read any more.
	MayGet(ctx context.Context, id string) error
}

// guardTime bounds one question to the guard.
const guardTime = 2 * time.Second

// SetGuard makes the folder ask g at each use of a URL; without one every signature holds until it ends.
// It is called before Handler serves.
func (f *Store) SetGuard(g Guard) { f.guard = g }

// mayPut is asked before an upload is read, and again before its object appears: the transfer may take hours.
func (f *Store) mayPut(id string) error { return f.ask(Guard.MayPut, id) }

func (f *Store) mayGet(id string) error { return f.ask(Guard.MayGet, id) }

func (f *Store) ask(question func(Guard, context.Context, string) error, id string) error {
	if f.guard == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), guardTime)
	defer cancel()
	return question(f.guard, ctx, id)
}
