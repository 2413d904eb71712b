package backup

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"filippo.io/age"

	"lyceum/platform/atomicfile"
	"lyceum/platform/db"
	"lyceum/platform/private"
)

// CreateOptions are the choices of an operator.
type CreateOptions struct {
	// Recipients can read the backup. Without any it is not encrypted.
	Recipients []age.Recipient
	// WithKeys copies the keys of the server, too. Who reads them can sign in as anybody.
	WithKeys bool
	// Progress hears how far the backup has come. It may be nil.
	Progress Progress
}

// Create writes a backup into dir, which must be empty or missing. Others may go on to use the installation. After an
// error the folder is as it was.
//
// An object that the store does not have, as an operator has lost it, is counted in Manifest.Objects.Missing.
func Create(ctx context.Context, from Installation, dir string, o CreateOptions) (*Manifest, error) {
	if o.Progress == nil {
		o.Progress = silent{}
	}
	w := &writer{from: from, dir: dir, options: o}
	m, err := w.describe(ctx)
	if err != nil {
		return nil, err
	}
	_, missing := os.Stat(dir)
	if err := makeEmptyDir(dir); err != nil {
		return nil, err
	}
	if err := w.write(ctx, m); err != nil {
		return nil, errors.Join(err, removeContent(dir, missing != nil))
	}
	return m, nil
}

// write writes all parts and, when they are on the disk, the manifest.
func (w *writer) write(ctx context.Context, m *Manifest) error {
	if w.options.WithKeys {
		if err := w.writeKeys(m); err != nil {
			return err
		}
	}
	if err := w.copyObjects(ctx); err != nil {
		return err
	}
	tables, err := w.from.DB.DescribeTables(ctx, w.from.Migrations.ListTables())
	if err != nil {
		return err
	}
	names := make([]string, len(tables))
	for i, t := range tables {
		names[i] = t.Name
	}
	err = w.from.DB.InSnapshot(ctx, names, func(ctx context.Context) error { return w.writeSnapshot(ctx, m) })
	if err != nil {
		return err
	}
	if err := w.writeObjectList(ctx, m); err != nil {
		return err
	}
	if err := syncDirs(w.dir); err != nil {
		return err
	}
	if err := m.write(w.dir); err != nil {
		return err
	}
	return os.Remove(filepath.Join(w.dir, unfinishedFile))
}

// syncDirs waits until the names of all files are on the disk, as their content is already.
func syncDirs(dir string) error {
	if err := atomicfile.SyncDir(filepath.Dir(filepath.Clean(dir))); err != nil {
		return err
	}
	return filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil || !e.IsDir() {
			return err
		}
		return atomicfile.SyncDir(path)
	})
}

// removeContent empties a folder and, if that was made for the backup, removes it.
func removeContent(dir string, wasMissing bool) error {
	if wasMissing {
		return os.RemoveAll(dir)
	}
	entries, err := os.ReadDir(dir)
	for _, e := range entries {
		err = errors.Join(err, os.RemoveAll(filepath.Join(dir, e.Name())))
	}
	return err
}

// writer makes one backup.
type writer struct {
	from    Installation
	dir     string
	options CreateOptions
	// replacedTexts counts texts that were not UTF-8.
	replacedTexts int64
}

// describe returns the manifest of a backup without parts. It returns an error if there is nothing that could be saved.
func (w *writer) describe(ctx context.Context) (*Manifest, error) {
	m := &Manifest{Format: formatVersion, Program: programName, Version: w.from.Version, CreatedAt: now(),
		Database: w.from.DB.Dialect()}
	if len(w.options.Recipients) > 0 {
		m.Encryption = "age"
	}
	applied, err := w.from.Migrations.ListApplied(ctx)
	if err == nil && len(applied) == 0 {
		err = errors.New("the database has no tables: is it the one of the server?")
	}
	if err != nil {
		return nil, err
	}
	m.KeyID, err = ReadKeyID(w.from.KeysDir)
	return m, err
}

// makeEmptyDir creates a folder that others can't read. It returns an error if there is something in it.
func makeEmptyDir(dir string) error {
	entries, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if len(entries) > 0 {
		return fmt.Errorf("%s is not empty: a backup needs a new or an empty folder", dir)
	}
	if err := private.CreateDir(dir); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, unfinishedFile), []byte(programName+"\n"), 0o600)
}

// touch tells RemoveAbandoned that the backup is still being written.
func (w *writer) touch() {
	now := time.Now()
	_ = os.Chtimes(filepath.Join(w.dir, unfinishedFile), now, now)
}

// unfinishedFile stands in a folder until its backup is complete, so that RemoveAbandoned knows what was left
// by a process that was killed.
const unfinishedFile = ".unfinished"

// writeSnapshot writes all tables and the list of objects, as they are at the instant of the snapshot of ctx.
func (w *writer) writeSnapshot(ctx context.Context, m *Manifest) (err error) {
	d := w.from.DB
	if m.Migrations, err = w.from.Migrations.ListApplied(ctx); err != nil {
		return err
	}
	tables, err := d.DescribeTables(ctx, w.from.Migrations.ListTables())
	if err != nil {
		return err
	}
	rows, err := countRows(ctx, d, tables)
	if err != nil {
		return err
	}
	total := int64(0)
	for _, n := range rows {
		total += n
	}
	w.options.Progress.Start("tables", total, Rows)
	for _, t := range tables {
		part, err := w.writeTable(ctx, t)
		if err != nil {
			return fmt.Errorf("table %s: %w", t.Name, err)
		}
		m.Tables = append(m.Tables, part)
		w.touch()
	}
	m.ReplacedTexts = w.replacedTexts
	w.options.Progress.Finish()
	return w.noteNamedObjects(ctx)
}

// writeTable writes the rows of a table.
func (w *writer) writeTable(ctx context.Context, t db.Table) (part TablePart, err error) {
	p, err := createPart(w.dir, tableName(t.Name), w.options.Recipients, true)
	if err != nil {
		return TablePart{}, err
	}
	part = TablePart{Name: t.Name, Columns: t.Columns}
	content, encoder := sha256.New(), newRowEncoder(t.Columns)
	err = w.from.DB.Query(ctx, selectAll(t), nil, func(scan func(...any) error) error {
		line, err := encoder.encode(scan)
		if err != nil {
			return err
		}
		content.Write(line)
		part.Rows++
		if part.Rows%progressStep == 0 {
			w.options.Progress.Add(progressStep)
		}
		_, err = p.Write(line)
		return err
	})
	if err != nil {
		p.abandon()
		return TablePart{}, err
	}
	w.options.Progress.Add(part.Rows % progressStep)
	w.replacedTexts += encoder.countReplaced()
	part.ContentSHA256 = hex.EncodeToString(content.Sum(nil))
	part.Part, err = p.Close()
	return part, err
}

// progressStep is how many rows pass between two words of progress.
const progressStep = 1000

// quoteColumns returns the names of columns as SQL lists them.
func quoteColumns(columns []db.Column) string {
	quoted := make([]string, len(columns))
	for i, c := range columns {
		quoted[i] = db.QuoteName(c.Name)
	}
	return strings.Join(quoted, ", ")
}

// selectAll returns the query for all rows of a table in the order of its key.
func selectAll(t db.Table) string {
	query := "SELECT " + quoteColumns(t.Columns) + " FROM " + db.QuoteName(t.Name)
	if len(t.Order) > 0 {
		query += " ORDER BY " + strings.Join(t.Order, ", ")
	}
	return query
}
