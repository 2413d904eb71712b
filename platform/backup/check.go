package backup

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"

	"filippo.io/age"
	"github.com/go-json-experiment/json"

	"lyceum/platform/blob"
	"lyceum/platform/db"
	"lyceum/platform/migrate"
)

// Backup is a backup that Open has found to be whole.
type Backup struct {
	*Manifest
	dir        string
	identities []age.Identity
	// tables are the empty tables of the backup's schema, parents before their children.
	tables []db.Table
	// freshRows is how many rows a new installation of this program has in each table: those of its migrations.
	freshRows map[string]int64
}

// OpenOptions are how a backup is read.
type OpenOptions struct {
	// Identities decrypt the backup. They are not needed for one that is not encrypted.
	Identities []age.Identity
	// Progress hears how far the check has come. It may be nil.
	Progress Progress
}

// Open reads the whole backup in dir and checks every byte of it, and that its rows fit into the tables that
// this program makes. migrations are those of the program. Open writes nothing but a small temporary database.
//
// It returns a DamagedError for a folder that can't be restored, a migrate.UnknownError for a backup of a newer
// program, and an error that names the option if identities are missing.
func Open(ctx context.Context, dir string, migrations []migrate.Migration, o OpenOptions) (*Backup, error) {
	if o.Progress == nil {
		o.Progress = silent{}
	}
	m, err := readManifest(dir)
	if err != nil {
		return nil, err
	}
	b := &Backup{Manifest: m, dir: dir}
	switch {
	case m.Encryption == "":
	case m.Encryption != "age":
		return nil, b.damaged(manifestFile, fmt.Errorf("the encryption %q is not known", m.Encryption))
	case len(o.Identities) == 0:
		return nil, errors.New("the backup is encrypted: name the file with the identity by --identity")
	default:
		b.identities = o.Identities
	}
	if err := b.readSchema(ctx, migrations); err != nil {
		return nil, err
	}
	if err := b.checkTables(ctx, o.Progress); err != nil {
		return nil, err
	}
	if err := b.checkObjects(ctx, o.Progress); err != nil {
		return nil, err
	}
	return b, b.checkKeys()
}

// damaged returns the error for a file of the backup.
func (b *Backup) damaged(file string, cause error) error { return &DamagedError{b.dir, file, cause} }

// open opens a file of the backup.
func (b *Backup) open(name string, want Part, compressed bool) (*partReader, error) {
	return openPart(b.dir, name, want, b.identities, compressed)
}

// readSchema makes the tables of the backup in a temporary database and compares them with the manifest.
func (b *Backup) readSchema(ctx context.Context, migrations []migrate.Migration) (err error) {
	dir, err := os.MkdirTemp("", "lyceum-schema-*")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	d, err := db.Open(ctx, db.Options{Dir: dir, MaxConns: 1})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, d.Close()) }()
	runner, err := migrate.NewRunner(d, migrations)
	if err != nil {
		return err
	}
	err = d.InTx(ctx, func(ctx context.Context) error {
		if err := runner.Rebuild(ctx, b.Migrations); err != nil {
			return err
		}
		var err error
		b.tables, err = d.DescribeTables(ctx, runner.ListTables())
		return err
	})
	if err != nil {
		return err
	}
	if b.freshRows, err = countFreshRows(ctx, d, runner); err != nil {
		return err
	}
	return b.compareTables()
}

// countFreshRows brings an empty database to today's schema and counts its rows.
func countFreshRows(ctx context.Context, d *db.DB, runner *migrate.Runner) (map[string]int64, error) {
	if _, err := runner.Up(ctx); err != nil {
		return nil, err
	}
	return countTargetRows(ctx, d, runner)
}

// countTargetRows returns the number of rows of each table that exists.
func countTargetRows(ctx context.Context, d *db.DB, runner *migrate.Runner) (map[string]int64, error) {
	tables, err := d.DescribeTables(ctx, runner.ListTables())
	if err != nil {
		return nil, err
	}
	return countRows(ctx, d, tables)
}

// countRows returns the number of rows of each table.
func countRows(ctx context.Context, d *db.DB, tables []db.Table) (map[string]int64, error) {
	rows := map[string]int64{}
	for _, t := range tables {
		var n int64
		if err := d.QueryRow(ctx, "SELECT count(*) FROM "+db.QuoteName(t.Name), nil, &n); err != nil {
			return nil, err
		}
		rows[t.Name] = n
	}
	return rows, nil
}

// compareTables returns an error unless the manifest has exactly the tables and columns that its migrations make.
func (b *Backup) compareTables() error {
	for _, t := range b.tables {
		part, ok := b.findTable(t.Name)
		if !ok {
			return b.damaged(manifestFile, fmt.Errorf("the table %s is missing", t.Name))
		}
		if !haveSameColumns(part.Columns, t.Columns) {
			return b.damaged(manifestFile, fmt.Errorf("the columns of the table %s are not those of its migrations", t.Name))
		}
	}
	if len(b.Tables) != len(b.tables) {
		return b.damaged(manifestFile, fmt.Errorf("it has %d tables where its migrations make %d", len(b.Tables), len(b.tables)))
	}
	return nil
}

// findTable returns what the manifest says of a table.
func (b *Backup) findTable(name string) (TablePart, bool) {
	i := slices.IndexFunc(b.Tables, func(t TablePart) bool { return t.Name == name })
	if i < 0 {
		return TablePart{}, false
	}
	return b.Tables[i], true
}

// haveSameColumns reports whether two tables have the same columns. Their order may differ: a column that was added
// later stands elsewhere on each database.
func haveSameColumns(a, b []db.Column) bool {
	return len(a) == len(b) && hasAll(a, b) && hasAll(b, a)
}

// hasAll reports whether every column of b is in a.
func hasAll(a, b []db.Column) bool {
	return !slices.ContainsFunc(b, func(c db.Column) bool { return !slices.Contains(a, c) })
}

// checkTables reads all rows.
func (b *Backup) checkTables(ctx context.Context, progress Progress) error {
	progress.Start("checking tables", b.CountRows(), Rows)
	defer progress.Finish()
	for _, t := range b.Tables {
		err := b.readRows(ctx, t, func([]any) error { progress.Add(1); return nil })
		if err != nil {
			return b.damaged(tableName(t.Name), err)
		}
	}
	return nil
}

// readRows calls fn for each row of a table, with the values in the order of its columns. It returns an error
// unless the file is as it was written; fn has had rows by then.
func (b *Backup) readRows(ctx context.Context, t TablePart, fn func(row []any) error) error {
	p, err := b.open(tableName(t.Name), t.Part, true)
	if err != nil {
		return err
	}
	defer p.close()
	content, count := sha256.New(), int64(0)
	rows := newRowDecoder(io.TeeReader(p, content), t.Columns)
	for {
		row, err := rows.next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err == nil {
			err = ctx.Err()
		}
		if err == nil {
			err = fn(row)
		}
		if err != nil {
			return err
		}
		count++
	}
	if err := p.verify(); err != nil {
		return err
	}
	if count != t.Rows || hex.EncodeToString(content.Sum(nil)) != t.ContentSHA256 {
		return fmt.Errorf("its %d rows are not the %d that were written", count, t.Rows)
	}
	return nil
}

// checkObjects reads the list of objects and every object in it.
func (b *Backup) checkObjects(ctx context.Context, progress Progress) error {
	progress.Start("checking objects", b.Objects.ContentBytes, Bytes)
	defer progress.Finish()
	return b.eachObjectGroup(func(group []object) error {
		return inParallel(ctx, group, func(ctx context.Context, o *object) error {
			err := b.readObject(ctx, *o, progress, func(r io.Reader) error {
				n, err := io.Copy(io.Discard, r)
				if err == nil && n != o.Size {
					err = fmt.Errorf("it has %d bytes, %d were written", n, o.Size)
				}
				return err
			})
			if err != nil {
				return b.damaged(objectName(o.ID), err)
			}
			return nil
		})
	})
}

// readObject calls fn with the content of an object. It returns an error unless the file is as it was written.
func (b *Backup) readObject(ctx context.Context, o object, progress Progress, fn func(io.Reader) error) error {
	p, err := b.open(objectName(o.ID), o.Part, false)
	if err != nil {
		return err
	}
	defer p.close()
	if err := fn(&reported{ctx, p, progress}); err != nil {
		return err
	}
	return p.verify()
}

// eachObjectGroup calls fn with some objects at a time, until all that are not missing had their turn.
func (b *Backup) eachObjectGroup(fn func([]object) error) error {
	p, err := b.open(objectsName, b.Objects.Part, true)
	if err != nil {
		return b.damaged(objectsName, err)
	}
	defer p.close()
	lines, count, missing := newLineReader(p, maxObjectBytes), int64(0), int64(0)
	for isLast := false; !isLast; {
		var group []object
		for len(group) < objectsAtOnce && !isLast {
			line, err := lines.next()
			if errors.Is(err, io.EOF) {
				isLast = true
				break
			}
			var o object
			if err == nil {
				o, err = parseObjectLine(line)
			}
			if err != nil {
				return b.damaged(objectsName, err)
			}
			count++
			if o.Missing {
				missing++
				continue
			}
			group = append(group, o)
		}
		if err := fn(group); err != nil {
			return err
		}
	}
	err = p.verify()
	if err == nil && (count != b.Objects.Count || missing != b.Objects.Missing) {
		err = fmt.Errorf("it lists %d objects, %d were written", count, b.Objects.Count)
	}
	if err != nil {
		return b.damaged(objectsName, err)
	}
	return nil
}

// maxTypeBytes bounds a content type.
const maxTypeBytes = 255

// parseObjectLine returns the object of a line.
func parseObjectLine(line []byte) (object, error) {
	var o object
	err := json.Unmarshal(line, &o, json.RejectUnknownMembers(true))
	if err == nil && (!blob.IsID(o.ID) || o.Size < 0 || len(o.ContentType) > maxTypeBytes) {
		err = errors.New("a line names no object")
	}
	return o, err
}
