package backup

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"lyceum/platform/atomicfile"
	"lyceum/platform/db"
)

// formatVersion is the version of the layout of a backup. A program refuses one that is higher than its own.
const formatVersion = 1

// programName tells backups of this program from other folders.
const programName = "lyceum"

// The names of the files that describe a backup.
const (
	manifestFile = "manifest.json"
	checksumFile = "manifest.sha256"
)

// maxManifestBytes bounds what is read of a manifest: it has a line for each table, and none for rows or objects.
const maxManifestBytes = 16 << 20

// Manifest describes a backup.
type Manifest struct {
	Format    int       `json:"format"`
	Program   string    `json:"program"`
	Version   string    `json:"version"`
	CreatedAt time.Time `json:"created_at"`
	// Database is the kind of the database that the rows come from. They fit into any.
	Database db.Dialect `json:"database"`
	// Encryption is "age", or empty.
	Encryption string `json:"encryption,omitempty"`
	// KeyID tells keys of servers apart, and nothing else of them. Data that was sealed can be opened where the
	// keys have the same id.
	KeyID string `json:"key_id,omitempty"`
	// Migrations are those that were applied: the schema of the rows.
	Migrations []string    `json:"migrations"`
	Tables     []TablePart `json:"tables"`
	// ReplacedTexts is how many texts of SQLite were not UTF-8, and have U+FFFD where they were not.
	ReplacedTexts int64       `json:"replaced_texts,omitempty"`
	Objects       ObjectsPart `json:"objects"`
	Keys          []KeyPart   `json:"keys,omitempty"`
}

// Part is a file of a backup as it is stored: compressed and, with recipients, encrypted.
type Part struct {
	File   string `json:"file"`
	Bytes  int64  `json:"bytes"`
	SHA256 string `json:"sha256"`
}

// TablePart is the file with the rows of a table.
type TablePart struct {
	Name    string      `json:"name"`
	Columns []db.Column `json:"columns"`
	Rows    int64       `json:"rows"`
	// ContentSHA256 is the checksum of the lines. It is the same for the same rows, whatever database they come from.
	ContentSHA256 string `json:"content_sha256"`
	Part
}

// ObjectsPart is the file that lists the objects.
type ObjectsPart struct {
	Count int64 `json:"count"`
	// ContentBytes is the size of all objects together.
	ContentBytes int64 `json:"content_bytes"`
	// Missing is how many objects the database names and the store did not have.
	Missing int64 `json:"missing,omitempty"`
	Part
}

// KeyPart is a file with a key. The order of keys is that of their times.
type KeyPart struct {
	Name       string    `json:"name"`
	ModifiedAt time.Time `json:"modified_at"`
	Part
}

// CountRows returns the number of rows of all tables.
func (m *Manifest) CountRows() (rows int64) {
	for _, t := range m.Tables {
		rows += t.Rows
	}
	return rows
}

// DamagedError means that a folder holds no backup that can be restored: it was cut off, changed, or is another thing.
type DamagedError struct {
	// Dir is the folder of the backup, and File the file in it that is at fault.
	Dir, File string
	Cause     error
}

// Error names the file and the fault.
func (e *DamagedError) Error() string {
	return fmt.Sprintf("%s is not a backup that can be restored: %s: %s", e.Dir, e.File, e.Cause)
}

// Unwrap returns the cause.
func (e *DamagedError) Unwrap() error { return e.Cause }

// write stores the manifest. A backup is complete from then on.
func (m *Manifest) write(dir string) error {
	raw, err := json.Marshal(m, jsontext.WithIndent("  "))
	if err != nil {
		return err
	}
	raw = append(raw, '\n')
	if err := atomicfile.Write(filepath.Join(dir, checksumFile), checksumLine(raw)); err != nil {
		return err
	}
	return atomicfile.Write(filepath.Join(dir, manifestFile), raw)
}

// checksumLine returns what `sha256sum manifest.json` prints.
func checksumLine(manifest []byte) []byte {
	sum := sha256.Sum256(manifest)
	return []byte(hex.EncodeToString(sum[:]) + "  " + manifestFile + "\n")
}

// readManifest returns the manifest of a backup. It returns a DamagedError unless it is there and as it was written.
func readManifest(dir string) (*Manifest, error) {
	damaged := func(cause error) error { return &DamagedError{dir, manifestFile, cause} }
	raw, err := readSmallFile(filepath.Join(dir, manifestFile), maxManifestBytes)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, damaged(errors.New("missing; the backup was not finished, or the folder is another one"))
	}
	if err != nil {
		return nil, damaged(err)
	}
	sum, err := readSmallFile(filepath.Join(dir, checksumFile), maxManifestBytes)
	if err != nil {
		return nil, &DamagedError{dir, checksumFile, err}
	}
	if !bytes.Equal(sum, checksumLine(raw)) {
		return nil, damaged(errors.New("it is not as it was written"))
	}
	// The version first: the rest of a newer format may not fit.
	var version struct {
		Format  int    `json:"format"`
		Program string `json:"program"`
	}
	if err := json.Unmarshal(raw, &version); err != nil {
		return nil, damaged(err)
	}
	if version.Program != programName {
		return nil, damaged(fmt.Errorf("it is of the program %q", version.Program))
	}
	if version.Format < 1 || version.Format > formatVersion {
		return nil, damaged(fmt.Errorf("its format is %d, this program reads 1 to %d", version.Format, formatVersion))
	}
	var m Manifest
	if err := json.Unmarshal(raw, &m, json.RejectUnknownMembers(true)); err != nil {
		return nil, damaged(err)
	}
	return &m, nil
}

// readSmallFile returns the content of a file that must not be larger than maxBytes.
func readSmallFile(path string, maxBytes int64) ([]byte, error) {
	info, err := os.Lstat(path)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() || info.Size() > maxBytes {
		return nil, errors.New("not a file of that kind")
	}
	return os.ReadFile(path)
}
