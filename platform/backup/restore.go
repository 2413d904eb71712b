package backup

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"

	"lyceum/platform/blob"
	"lyceum/platform/db"
)

// NotEmptyError means that a target holds something that a restore would replace.
type NotEmptyError struct {
	// What says what the target holds.
	What string
}

// Error says what the target holds and how to go on.
func (e *NotEmptyError) Error() string {
	return e.What + ". Restore into an empty installation, or replace this one by --force"
}

// RestoreOptions are the choices of an operator.
type RestoreOptions struct {
	// Force replaces what the target holds, the rows of all tables and the keys, and copies objects that are there again.
	Force bool
	// Progress hears how far the restore has come. It may be nil.
	Progress Progress
}

// Restore fills an installation from the backup. No server may use it meanwhile. The target keeps what it had if Restore
// returns an error or its process is killed, except for objects that nothing names; the next attempt goes on with them.
//
// It returns a NotEmptyError if the target holds rows or other keys and Force is not set.
func (b *Backup) Restore(ctx context.Context, to Installation, o RestoreOptions) error {
	if o.Progress == nil {
		o.Progress = silent{}
	}
	if !o.Force {
		if err := b.requireEmpty(ctx, to); err != nil {
			return err
		}
	}
	if err := b.checkKeysDir(to.KeysDir, o.Force); err != nil {
		return err
	}
	if err := b.putObjects(ctx, to.Objects, o); err != nil {
		return err
	}
	err := to.DB.InTx(ctx, func(ctx context.Context) error {
		if !o.Force {
			// Somebody may have started a server meanwhile.
			if err := b.requireEmpty(ctx, to); err != nil {
				return err
			}
		}
		if err := b.loadTables(ctx, to, o.Progress); err != nil {
			return err
		}
		// Last, as a folder can't be rolled back: the commit is all that follows.
		return b.placeKeys(to.KeysDir)
	})
	if err != nil {
		return err
	}
	return to.DB.UpdateStatistics(ctx)
}

// requireEmpty returns an error if a table of the target has more rows than the migrations make.
func (b *Backup) requireEmpty(ctx context.Context, to Installation) error {
	rows, err := countRows(ctx, to.DB, to.Migrations)
	if err != nil {
		return err
	}
	var filled []string
	for table, n := range rows {
		if n > b.freshRows[table] {
			filled = append(filled, fmt.Sprintf("%s (%d rows)", table, n))
		}
	}
	if len(filled) == 0 {
		return nil
	}
	slices.Sort(filled)
	return &NotEmptyError{"the database is not empty: " + strings.Join(filled, ", ")}
}

// putObjects copies all objects into the store. Those that are there already are left out, as objects never change.
func (b *Backup) putObjects(ctx context.Context, store blob.Store, o RestoreOptions) error {
	o.Progress.Start("objects", b.Objects.ContentBytes, Bytes)
	defer o.Progress.Finish()
	return b.eachObjectGroup(func(group []object) error {
		g, ctx := errgroup.WithContext(ctx)
		g.SetLimit(parallelCopies)
		for _, one := range group {
			g.Go(func() error {
				if err := b.putObject(ctx, store, one, o); err != nil {
					return fmt.Errorf("object %s: %w", one.ID, err)
				}
				return nil
			})
		}
		return g.Wait()
	})
}

// putObject copies one object into the store.
func (b *Backup) putObject(ctx context.Context, store blob.Store, one object, o RestoreOptions) error {
	if !o.Force {
		info, err := store.Stat(ctx, one.ID)
		if err == nil && info.Size == one.Size {
			o.Progress.Add(one.Size)
			return nil
		}
		if err != nil && !errors.Is(err, blob.ErrNotFound) && !errors.Is(err, blob.ErrDamaged) {
			return err
		}
	}
	return b.readObject(ctx, one, o.Progress, func(r io.Reader) error {
		return store.Put(ctx, one.ID, r, one.Size, one.ContentType)
	})
}

// loadTables replaces everything in the database by the rows of the backup, inside the transaction of ctx, and brings it
// to today's schema.
func (b *Backup) loadTables(ctx context.Context, to Installation, progress Progress) error {
	if err := to.Migrations.Rebuild(ctx, b.Migrations); err != nil {
		return err
	}
	resume, err := to.DB.SuspendGuards(ctx)
	if err != nil {
		return err
	}
	if err := b.removeFreshRows(ctx, to); err != nil {
		return err
	}
	progress.Start("tables", b.CountRows(), Rows)
	defer progress.Finish()
	for _, t := range b.tables {
		part, _ := b.findTable(t.Name)
		loader := newLoader(to.DB, part)
		err := b.readRows(ctx, part, func(row []any) error { progress.Add(1); return loader.add(ctx, row) })
		if err == nil {
			err = loader.flush(ctx)
		}
		if err != nil {
			return fmt.Errorf("table %s: %w", t.Name, err)
		}
	}
	if err := resume(ctx); err != nil {
		return err
	}
	pending, err := to.Migrations.ListPending(ctx)
	if err != nil {
		return err
	}
	return to.Migrations.RunInTx(ctx, pending)
}

// removeFreshRows removes the rows that migrations have made: the backup has them as they became later.
func (b *Backup) removeFreshRows(ctx context.Context, to Installation) error {
	rows, err := countRows(ctx, to.DB, to.Migrations)
	if err != nil {
		return err
	}
	for _, t := range slices.Backward(b.tables) {
		// The database may forbid its user to remove rows of a table that has none.
		if rows[t.Name] == 0 {
			continue
		}
		if _, err := to.DB.Exec(ctx, "DELETE FROM "+db.QuoteName(t.Name)); err != nil {
			return err
		}
	}
	return nil
}
