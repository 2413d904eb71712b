package sitetest

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"fmt"
	"io"
	"strings"

	"github.com/stretchr/testify/require"

	"lyceum/app/seed"
)

// ArchiveType is the media type of a course archive.
const ArchiveType = "application/zip"

// DemoPassword is the password of the accounts of the demo, and DemoVideoKey the key of the video in its
// course.
const (
	DemoPassword = seed.DemoPassword
	DemoVideoKey = seed.DemoVideoKey
)

// DemoVideo is the video in the course of the demo.
var DemoVideo = string(seed.DemoVideo)

// MinimalArchive is the archive of a course without lessons.
var MinimalArchive = func() string {
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	if w, err := z.Create("course.json"); err == nil {
		_, _ = io.WriteString(w, `{"format":"lyceum-course","version":1,"title":"Small","visibility":"public"}`)
	}
	_ = z.Close()
	return b.String()
}()

// TryImport imports a course archive, which may be refused.
func (s *Site) TryImport(token, archive string, headers ...Header) Answer {
	s.T.Helper()
	all := append([]Header{{"Content-Type": ArchiveType}}, headers...)
	return s.Call("POST", "/courses/import", token, archive, all...)
}

// ImportCourse imports a course archive and returns the answer with the new course.
func (s *Site) ImportCourse(token, archive string, headers ...Header) Answer {
	s.T.Helper()
	a := s.TryImport(token, archive, headers...)
	require.Equal(s.T, 201, a.Status, "%s", a.Raw)
	return a
}

// LargeArchive returns the archive of a course with one asset of size bytes. It is written while it
// is read and never held in memory.
func LargeArchive(size int64) io.Reader {
	r, w := io.Pipe()
	go func() {
		z := zip.NewWriter(w)
		prefix := "GIF89a"
		h := sha256.New()
		f, err := z.CreateHeader(&zip.FileHeader{Name: "assets/0001", Method: zip.Store})
		if err == nil {
			content := io.MultiReader(strings.NewReader(prefix), Zeros(size-int64(len(prefix))))
			_, err = io.Copy(io.MultiWriter(f, h), content)
		}
		if err == nil {
			f, err = z.Create("course.json")
		}
		if err == nil {
			_, err = fmt.Fprintf(f, `{"format":"lyceum-course","version":1,"title":"Large","visibility":"public",
				"cover_key":"large.gif","assets":[{"key":"large.gif","content_type":"image/gif","size":%d,
				"sha256":"%x","path":"assets/0001"}]}`, size, h.Sum(nil))
		}
		if err == nil {
			err = z.Close()
		}
		_ = w.CloseWithError(err)
	}()
	return r
}

// Zeros returns n zero bytes. They are never held in memory.
func Zeros(n int64) io.Reader { return io.LimitReader(zeroReader{}, n) }

type zeroReader struct{}

// Read implements io.Reader.
func (zeroReader) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}
