package backup

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"strings"

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
	// Force replaces what the target holds, the rows of all tables and the keys, and copies objects that are
	// there again.
	Force bool
	// Progress hears how far the restore has come. It may be nil.
	Progress Progress
}

// Restore fills an installation from the backup. No server may use it meanwhile. The target keeps what it had
// if Restore returns an error or its process is killed, except for objects that nothing names; the next attempt
// goes on with them.
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
	keys := &keyPlacement{backup: b, dir: to.KeysDir}
	err := to.DB.InTx(ctx, func(ctx context.Context) error {
		if err := b.load(ctx, to, o); err != nil {
			return err
		}
		// Last, as a folder can't be rolled back: the commit is all that follows.
		return keys.place()
	})
	if err != nil {
		return errors.Join(err, keys.undo())
	}
	if err := keys.finish(); err != nil {
		return err
	}
	if err := to.DB.UpdateStatistics(ctx); err != nil {
		slog.Warn("the statistics of the tables were not updated, the database does that later", "error", err)
	}
	return nil
}

// load replaces the database by that of the backup, inside the transaction of ctx.
func (b *Backup) load(ctx context.Context, to Installation, o RestoreOptions) error {
	if err := to.DB.LiftTimeouts(ctx); err != nil {
		return err
	}
	// Whoever migrates waits from here on, such as a server that starts.
	if err := to.Migrations.LockInTx(ctx); err != nil {
		return err
	}
	if !o.Force {
		// Somebody may have used the target meanwhile.
		if err := b.requireEmpty(ctx, to); err != nil {
			return err
		}
	}
	if err := b.checkKeysDir(to.KeysDir, o.Force); err != nil {
		return err
	}
	if err := b.loadTables(ctx, to, o.Progress); err != nil {
		return err
	}
	return b.compareObjects(ctx, to)
}

// compareObjects returns an error unless the list of objects has as many as the rows name.
func (b *Backup) compareObjects(ctx context.Context, to Installation) error {
	named := int64(0)
	for _, c := range to.ObjectColumns {
		count, _, err := sumObjects(ctx, to.DB, c)
		if err != nil {
			return err
		}
		named += count
	}
	if named != b.Objects.Count {
		return b.damaged(objectsName, fmt.Errorf("it lists %d objects, the tables name %d", b.Objects.Count, named))
	}
	return nil
}

// requireEmpty returns an error if a table of the target has more rows than the migrations make.
func (b *Backup) requireEmpty(ctx context.Context, to Installation) error {
	rows, err := countTargetRows(ctx, to.DB, to.Migrations)
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
		return inParallel(ctx, group, func(ctx context.Context, one *object) error {
			return nameObject(one, b.putObject(ctx, store, *one, o))
		})
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
	err := b.readObject(ctx, one, o.Progress, func(r io.Reader) error {
		return store.Put(ctx, one.ID, r, one.Size, one.ContentType)
	})
	if err != nil {
		// What was stored may not be what the backup had when it was checked.
		return errors.Join(err, store.Delete(context.WithoutCancel(ctx), one.ID))
	}
	return nil
}

// loadTables replaces everything in the database by the rows of the backup, inside the transaction of ctx, and
// brings it to today's schema.
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
	rows, err := countTargetRows(ctx, to.DB, to.Migrations)
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
