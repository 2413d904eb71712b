package main

import (
	"archive/tar"
	"archive/zip"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// sumsFile is the file with the checksums of all others, as sha256sum reads it.
const sumsFile = "SHA256SUMS"

// entry is a file of an archive.
type entry struct {
	name    string
	mode    int64
	content []byte
}

// listEntries returns the files of an archive, sorted by name.
func listEntries(ctx context.Context, src source, p platform, binary string) ([]entry, error) {
	program, err := os.ReadFile(binary)
	if err != nil {
		return nil, err
	}
	licenses, err := collectLicenses(ctx, src, binary)
	if err != nil {
		return nil, err
	}
	name := programName
	if p.os == "windows" {
		name += ".exe"
	}
	entries := []entry{{name, 0o755, program}, {licensesFile, 0o644, licenses}}
	for _, file := range []string{"LICENSE", "README.md"} {
		content, err := os.ReadFile(filepath.Join(src.root, file))
		if err != nil {
			return nil, err
		}
		entries = append(entries, entry{file, 0o644, content})
	}
	slices.SortFunc(entries, func(a, b entry) int { return strings.Compare(a.name, b.name) })
	return entries, nil
}

// writeArchive writes the entries into dir, below a folder name inside of the archive: a zip file for Windows, a
// tar.gz file for all others. Every entry has the time and belongs to root.
func writeArchive(dir, name string, p platform, entries []entry, at time.Time) error {
	suffix, write := ".tar.gz", writeTar
	if p.os == "windows" {
		suffix, write = ".zip", writeZip
	}
	file, err := os.OpenFile(filepath.Join(dir, name+suffix), os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o644)
	if err != nil {
		return err
	}
	return errors.Join(write(file, name, entries, at), file.Close())
}

// writeTar writes a tar archive compressed by gzip.
func writeTar(w io.Writer, folder string, entries []entry, at time.Time) error {
	packed, err := gzip.NewWriterLevel(w, gzip.BestCompression)
	if err != nil {
		return err
	}
	archive := tar.NewWriter(packed)
	for _, e := range entries {
		header := &tar.Header{
			Typeflag: tar.TypeReg, Name: folder + "/" + e.name, Size: int64(len(e.content)), Mode: e.mode,
			ModTime: at, Uname: "root", Gname: "root", Format: tar.FormatUSTAR,
		}
		if err := archive.WriteHeader(header); err != nil {
			return err
		}
		if _, err := archive.Write(e.content); err != nil {
			return err
		}
	}
	return errors.Join(archive.Close(), packed.Close())
}

// writeZip writes a zip archive. Its times are in UTC, as the format has no zones.
func writeZip(w io.Writer, folder string, entries []entry, at time.Time) error {
	archive := zip.NewWriter(w)
	for _, e := range entries {
		header := &zip.FileHeader{Name: folder + "/" + e.name, Method: zip.Deflate, Modified: at.UTC()}
		header.SetMode(os.FileMode(e.mode)) //nolint:gosec // modes of files are small
		file, err := archive.CreateHeader(header)
		if err != nil {
			return err
		}
		if _, err := file.Write(e.content); err != nil {
			return err
		}
	}
	return archive.Close()
}

// writeSums writes the checksums of all files of a folder, sorted by name.
func writeSums(dir string) error {
	files, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	var sums strings.Builder
	for _, file := range files {
		sum, err := hashFile(filepath.Join(dir, file.Name()))
		if err != nil {
			return err
		}
		fmt.Fprintf(&sums, "%s  %s\n", sum, file.Name())
	}
	return os.WriteFile(filepath.Join(dir, sumsFile), []byte(sums.String()), 0o644)
}

// hashFile returns the SHA-256 checksum of a file in hex.
func hashFile(path string) (string, error) {
	file, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer file.Close()
	h := sha256.New()
	if _, err := io.Copy(h, file); err != nil {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}
