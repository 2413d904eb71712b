package courses

import (
	"errors"
	"io"

	"lyceum/platform/apperr"
	"lyceum/platform/safezip"
)

// archiveLimits are what an import accepts.
var archiveLimits = safezip.Limits{
	Entries: maxEntries, PackedBytes: maxArchive, UnpackedBytes: maxUnpacked, Ratio: maxRatio, RatioFromBytes: smallEntry,
}

// errEntry returns 422 for an entry of an archive.
func errEntry(name, message string) error { return archiveError(safezip.EntryError(name, message)) }

// archiveError returns what the caller is told about an error of safezip: 400 for a file that is no
// zip file, 422 for one that breaks a rule. Every other error is returned unchanged.
func archiveError(err error) error {
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

// entry is a file of an archive. Its errors are those of archiveError.
type entry struct{ *safezip.Entry }

// openArchive returns the files of an archive by their names. It unpacks no content. It returns 400
// for what is no zip file and 422 for an archive that is out of bounds or has two readings.
func openArchive(r io.ReaderAt, size int64) (map[string]*entry, error) {
	files, err := safezip.Open(r, size, archiveLimits)
	if err != nil {
		return nil, archiveError(err)
	}
	entries := make(map[string]*entry, len(files))
	for name, e := range files {
		entries[name] = &entry{e}
	}
	return entries, nil
}

// open returns the content of the entry. Reading it returns 422 if it is not what its headers
// declare.
func (e *entry) open() (io.ReadCloser, error) {
	r, err := e.Open()
	if err != nil {
		return nil, archiveError(err)
	}
	return entryReader{r}, nil
}

// whole returns the content of an entry of at most limit bytes.
func (e *entry) whole(limit int64) ([]byte, error) {
	content, err := e.ReadAll(limit)
	return content, archiveError(err)
}

// check reads an entry that is not imported, so that a damaged archive is refused all the same.
func (e *entry) check() error { return archiveError(e.CheckContent()) }

// entryReader reads an entry and returns errors that callers are told.
type entryReader struct{ io.ReadCloser }

// Read implements io.Reader.
func (r entryReader) Read(p []byte) (int, error) {
	n, err := r.ReadCloser.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		err = archiveError(err)
	}
	return n, err
}
