package backup

import (
	"context"
	"fmt"
	"time"

	"go.uber.org/fx"

	"lyceum/platform/blob"
	"lyceum/platform/db"
	"lyceum/platform/migrate"
)

// Installation is what a backup is made of, or restored into.
type Installation struct {
	// Version is that of the program.
	Version    string
	DB         *db.DB
	Migrations *migrate.Runner
	Objects    blob.Store
	// ObjectColumns say where the database names objects.
	ObjectColumns []ObjectColumns
	// KeysDir is the folder with the keys of the server. It may be missing.
	KeysDir string
}

// ObjectColumns says where a module notes the objects that it has put into the object store.
type ObjectColumns struct {
	// Table has a row for each object.
	Table string
	// ID, Size and ContentType are its columns with what the store needs to know of an object.
	ID, Size, ContentType string
	// Where is a condition for the rows whose objects are there. "" means all.
	Where string
}

// condition returns the condition for the rows whose objects are there.
func (c ObjectColumns) condition() string {
	if c.Where == "" {
		return "TRUE"
	}
	return c.Where
}

// objectsGroup collects the declarations of all modules.
const objectsGroup = `group:"backup_objects"`

// ProvideObjects declares where a module notes objects. It belongs to the declarations of the module: a disabled one
// keeps its data.
func ProvideObjects(c ObjectColumns) fx.Option {
	return fx.Supply(fx.Annotate(c, fx.ResultTags(objectsGroup)))
}

// ObjectParams collects what modules have declared with ProvideObjects.
type ObjectParams struct {
	fx.In
	Columns []ObjectColumns `group:"backup_objects"`
}

// Progress hears how far long work has come.
type Progress interface {
	// Start begins a step. total is the amount of work, in the unit; it is 0 if it is not known.
	Start(step string, total int64, unit Unit)
	// Add tells of work that is done. It may be called from several goroutines.
	Add(n int64)
	// Finish ends the step.
	Finish()
}

// Unit is what an amount of work counts.
type Unit string

// The units of progress.
const (
	Rows  Unit = "rows"
	Bytes Unit = "bytes"
)

// silent is a Progress that nobody hears.
type silent struct{}

// Start implements Progress.
func (silent) Start(string, int64, Unit) {}

// Add implements Progress.
func (silent) Add(int64) {}

// Finish implements Progress.
func (silent) Finish() {}

// object is an object that the database names.
type object struct {
	ID          string `json:"id"`
	ContentType string `json:"content_type"`
	// Size is that of the content, in bytes.
	Size int64 `json:"size"`
	// Missing says that the store did not have it.
	Missing bool `json:"missing,omitempty"`
	Part
}

// listObjects returns up to limit objects with ids after the given one, sorted by their ids.
func listObjects(ctx context.Context, d *db.DB, c ObjectColumns, after string, limit int) (found []object, err error) {
	where, args := c.condition(), []any{}
	if after != "" {
		where, args = fmt.Sprintf("(%s) AND %s > ?", where, c.ID), []any{after}
	}
	query := fmt.Sprintf("SELECT %s, %s, %s FROM %s WHERE %s ORDER BY %s LIMIT %d",
		c.ID, c.Size, c.ContentType, c.Table, where, c.ID, limit)
	err = d.Query(ctx, query, args, func(scan func(...any) error) error {
		var o object
		if err := scan(&o.ID, &o.Size, &o.ContentType); err != nil {
			return err
		}
		if !blob.IsID(o.ID) {
			return fmt.Errorf("%s.%s: %q is not the id of an object", c.Table, c.ID, o.ID)
		}
		found = append(found, o)
		return nil
	})
	return found, err
}

// ListNewestObjects returns the ids of the last objects, sorted from the highest id. Ids begin with a time.
func ListNewestObjects(ctx context.Context, d *db.DB, c ObjectColumns, limit int) (ids []string, err error) {
	query := fmt.Sprintf("SELECT %s FROM %s WHERE %s ORDER BY %s DESC LIMIT %d", c.ID, c.Table, c.condition(), c.ID, limit)
	err = d.Query(ctx, query, nil, func(scan func(...any) error) error {
		var id string
		if err := scan(&id); err != nil {
			return err
		}
		ids = append(ids, id)
		return nil
	})
	return ids, err
}

// sumObjects returns the number of objects and of their bytes.
func sumObjects(ctx context.Context, d *db.DB, c ObjectColumns) (count, bytes int64, err error) {
	err = d.QueryRow(ctx, fmt.Sprintf("SELECT count(*), CAST(coalesce(sum(%s), 0) AS bigint) FROM %s WHERE %s",
		c.Size, c.Table, c.condition()), nil, &count, &bytes)
	return count, bytes, err
}

// now is the time of a backup, as answers show times: in UTC and milliseconds.
func now() time.Time { return time.Now().UTC().Truncate(time.Millisecond) }
