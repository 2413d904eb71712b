package archive

import (
	"errors"
	"io"

	"lyceum/platform/apperr"
	"lyceum/platform/safezip"
)

// limits bound an archive that is imported.
var limits = safezip.Limits{
	Entries: maxEntries, PackedBytes: maxArchive, UnpackedBytes: maxUnpacked,
	Ratio: maxRatio, RatioFromBytes: smallEntry,
}

// newEntryError returns an error of kind Invalid for an entry of an archive.
func newEntryError(name, message string) error {
	return toCallerError(safezip.EntryError(name, message))
}

// toCallerError returns an error of safezip as an answer for the caller: of kind Malformed for a file
// that is no zip file, of kind Invalid for one that breaks a rule. Every other error is returned
// unchanged.
func toCallerError(err error) error {
	var e *safezip.Error
	switch {
	case errors.Is(err, safezip.ErrFormat):
		return apperr.Malformed("The body is not a readable zip file.")
	case errors.As(err, &e) && e.Entry == "":
		return apperr.Invalid("", e.Reason)
	case errors.As(err, &e):
		return apperr.Invalid(e.Entry, e.Reason)
	}
	return err
}

// entry is a file of an archive. Its errors are those of toCallerError.
type entry struct{ *safezip.Entry }

// openArchive returns the files of an archive by their names. It unpacks no content. It returns the
// errors of toCallerError, also for an archive that is out of bounds or that two programs might read
// in two ways.
func openArchive(r io.ReaderAt, size int64) (map[string]*entry, error) {
	files, err := safezip.Open(r, size, limits)
	if err != nil {
		return nil, toCallerError(err)
	}
	entries := make(map[string]*entry, len(files))
	for name, e := range files {
		entries[name] = &entry{e}
	}
	return entries, nil
}

// open returns the content of the entry. Reading it returns an error of kind Invalid if it is not what
// its headers declare.
func (e *entry) open() (io.ReadCloser, error) {
	r, err := e.Open()
	if err != nil {
		return nil, toCallerError(err)
	}
	return entryReader{r}, nil
}

// readAll returns the content of an entry of at most limit bytes.
func (e *entry) readAll(limit int64) ([]byte, error) {
	content, err := e.ReadAll(limit)
	return content, toCallerError(err)
}

// check reads an entry that is not imported: a damaged archive is refused all the same.
func (e *entry) check() error { return toCallerError(e.CheckContent()) }

// entryReader reads an entry with the errors of toCallerError.
type entryReader struct{ io.ReadCloser }

// Read implements io.Reader.
func (r entryReader) Read(p []byte) (int, error) {
	n, err := r.ReadCloser.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		err = toCallerError(err)
	}
	return n, err
}
