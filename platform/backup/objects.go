package backup

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/go-json-experiment/json"
	"golang.org/x/sync/errgroup"

	"lyceum/platform/blob"
)

// Objects are copied in groups: the list of one is in memory, and parallelCopies of it are on their way at once, as an
// object store far away answers slowly.
const (
	objectsAtOnce  = 256
	parallelCopies = 4
)

// The files that list objects while a backup is made: those that were copied before the snapshot, and those
// that it names. They are removed at the end.
const (
	copiedList = "objects.copied"
	namedList  = "objects.named"
)

// copyTries is how often an object is tried whose store fails, and copyPause the time between.
const (
	copyTries = 3
	copyPause = time.Second
)

// copyObjects copies all objects that the database names now, and notes them in copiedList.
func (w *writer) copyObjects(ctx context.Context) (err error) {
	total := int64(0)
	for _, c := range w.from.ObjectColumns {
		_, bytes, err := sumObjects(ctx, w.from.DB, c)
		if err != nil {
			return err
		}
		total += bytes
	}
	w.options.Progress.Start("objects", total, Bytes)
	defer w.options.Progress.Finish()
	for i, c := range w.from.ObjectColumns {
		if err := w.copyObjectsOf(ctx, i, c); err != nil {
			return err
		}
	}
	return nil
}

// listPath returns a list for the objects of one declaration.
func (w *writer) listPath(list string, i int) string {
	return filepath.Join(w.dir, fmt.Sprintf("%s.%d", list, i))
}

// copyObjectsOf copies the objects of one declaration.
func (w *writer) copyObjectsOf(ctx context.Context, i int, c ObjectColumns) error {
	return w.listObjects(ctx, w.listPath(copiedList, i), c, func(group []object) error {
		w.touch()
		return w.copyGroup(ctx, group)
	})
}

// noteNamedObjects writes the lists of the objects that the snapshot of ctx names. They are copied after it.
func (w *writer) noteNamedObjects(ctx context.Context) error {
	for i, c := range w.from.ObjectColumns {
		if err := w.listObjects(ctx, w.listPath(namedList, i), c, func([]object) error { return nil }); err != nil {
			return err
		}
	}
	return nil
}

// listObjects writes the objects of one declaration to a new file, after fn has worked on them, group by group.
func (w *writer) listObjects(ctx context.Context, path string, c ObjectColumns, fn func([]object) error) (err error) {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	list := bufio.NewWriter(file)
	defer func() { err = errors.Join(err, list.Flush(), file.Close()) }()
	after := ""
	for {
		group, err := listObjects(ctx, w.from.DB, c, after, objectsAtOnce)
		if err != nil || len(group) == 0 {
			return err
		}
		if err := fn(group); err != nil {
			return err
		}
		for _, o := range group {
			if err := writeObjectLine(list, o); err != nil {
				return err
			}
		}
		after = group[len(group)-1].ID
	}
}

// writeObjectLine writes the line of an object.
func writeObjectLine(w io.Writer, o object) error {
	line, err := json.Marshal(o)
	if err == nil {
		_, err = w.Write(append(line, '\n'))
	}
	return err
}

// copyGroup copies some objects and notes in each what was stored.
func (w *writer) copyGroup(ctx context.Context, group []object) error {
	return inParallel(ctx, group, func(ctx context.Context, o *object) error {
		return nameObject(o, w.copyObject(ctx, o))
	})
}

// inParallel calls fn for each object of a group, parallelCopies at once, and returns the first error.
func inParallel(ctx context.Context, group []object, fn func(context.Context, *object) error) error {
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(parallelCopies)
	for i := range group {
		g.Go(func() error { return fn(ctx, &group[i]) })
	}
	return g.Wait()
}

// nameObject returns err with the id of the object that it is about, or nil.
func nameObject(o *object, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("object %s: %w", o.ID, err)
}

// copyObject copies one object into the backup. It marks it as missing if the store has none of that size. An
// object store that fails is asked again.
func (w *writer) copyObject(ctx context.Context, o *object) error {
	for try := 1; ; try++ {
		err := w.tryCopy(ctx, o)
		if err == nil || try == copyTries || ctx.Err() != nil {
			return err
		}
		if err := os.Remove(w.objectPath(o.ID)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(copyPause):
		}
	}
}

// objectPath returns the file of an object.
func (w *writer) objectPath(id string) string {
	name := objectName(id)
	if len(w.options.Recipients) > 0 {
		name += encryptedSuffix
	}
	return filepath.Join(w.dir, filepath.FromSlash(name))
}

// tryCopy is copyObject once.
func (w *writer) tryCopy(ctx context.Context, o *object) error {
	r, err := w.from.Objects.Open(ctx, o.ID)
	if errors.Is(err, blob.ErrNotFound) || errors.Is(err, blob.ErrDamaged) {
		o.Missing = true
		return nil
	}
	if err != nil {
		return err
	}
	defer r.Close()
	p, err := createPart(w.dir, objectName(o.ID), w.options.Recipients, false)
	if err != nil {
		return err
	}
	n, err := io.Copy(p, &reported{ctx, r, w.options.Progress})
	if err != nil {
		p.abandon()
		return err
	}
	if o.Part, err = p.Close(); err != nil {
		return err
	}
	if n != o.Size {
		o.Missing, o.Part = true, Part{}
		return os.Remove(w.objectPath(o.ID))
	}
	return nil
}

// reported is a reader that tells of its progress, and ends with ctx.
type reported struct {
	ctx      context.Context
	r        io.Reader
	progress Progress
}

// Read implements io.Reader.
func (r *reported) Read(b []byte) (int, error) {
	if err := r.ctx.Err(); err != nil {
		return 0, err
	}
	n, err := r.r.Read(b)
	r.progress.Add(int64(n))
	return n, err
}

// writeObjectList writes the list of the objects that the snapshot has named. It copies those that came after
// copyObjects, and removes those that were not named any more.
func (w *writer) writeObjectList(ctx context.Context, m *Manifest) error {
	w.options.Progress.Start("late objects", 0, Bytes)
	defer w.options.Progress.Finish()
	p, err := createPart(w.dir, objectsName, w.options.Recipients, true)
	if err != nil {
		return err
	}
	for i := range w.from.ObjectColumns {
		if err := w.mergeLists(ctx, m, p, i); err != nil {
			p.abandon()
			return err
		}
	}
	m.Objects.Part, err = p.Close()
	return err
}

// mergeLists writes the lines of the objects of one declaration. Both lists, that of the snapshot and that of what was
// copied, are sorted by ids.
func (w *writer) mergeLists(ctx context.Context, m *Manifest, to io.Writer, i int) (err error) {
	copied, err := openObjectLines(w.listPath(copiedList, i))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, copied.remove()) }()
	named, err := openObjectLines(w.listPath(namedList, i))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, named.remove()) }()
	for {
		err := named.next()
		if errors.Is(err, io.EOF) {
			_, _, err := copied.take("", w.removeObject)
			return err
		}
		if err != nil {
			return err
		}
		o := named.current
		before, isCopied, err := copied.take(o.ID, w.removeObject)
		if err != nil {
			return err
		}
		if isCopied && !before.Missing {
			o = before
		} else if err := nameObject(&o, w.copyObject(ctx, &o)); err != nil {
			return err
		}
		m.Objects.Count++
		if o.Missing {
			m.Objects.Missing++
		} else {
			m.Objects.ContentBytes += o.Size
		}
		if err := writeObjectLine(to, o); err != nil {
			return err
		}
	}
}

// removeObject removes an object from the backup that was deleted between copyObjects and the snapshot.
func (w *writer) removeObject(o object) error {
	if o.Missing {
		return nil
	}
	return os.Remove(filepath.Join(w.dir, filepath.FromSlash(o.File)))
}

// objectLines reads a list of objects.
type objectLines struct {
	file    *os.File
	lines   *lineReader
	current object
	atEnd   bool
}

// openObjectLines opens a list that this process has written.
func openObjectLines(path string) (*objectLines, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	return &objectLines{file: file, lines: newLineReader(file, maxObjectBytes)}, nil
}

// next reads the next object into current. It returns io.EOF after the last one.
func (l *objectLines) next() error {
	line, err := l.lines.next()
	if err != nil {
		return err
	}
	l.current = object{}
	return json.Unmarshal(line, &l.current, json.RejectUnknownMembers(true))
}

// take returns the object with the id, if the list has it, and calls skipped for each one before it that was not taken.
// Callers ask for ids in their order; with the id "" they ask for the end.
func (l *objectLines) take(id string, skipped func(object) error) (o object, ok bool, err error) {
	for !l.atEnd && (id == "" || l.current.ID < id) {
		if l.current.ID != "" {
			if err := skipped(l.current); err != nil {
				return object{}, false, err
			}
		}
		err := l.next()
		if errors.Is(err, io.EOF) {
			l.atEnd, l.current = true, object{}
		} else if err != nil {
			return object{}, false, err
		}
	}
	if id == "" || l.current.ID != id {
		return object{}, false, nil
	}
	o, l.current = l.current, object{}
	return o, true, nil
}

// remove closes and removes the list.
func (l *objectLines) remove() error { return errors.Join(l.file.Close(), os.Remove(l.file.Name())) }
