package archive

import (
	"archive/zip"
	"bytes"
	"compress/flate"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"time"

	"lyceum/modules/courses/internal/course"
	"lyceum/modules/storage/storageapi"
)

// exportTime bounds what an export reads before its first byte.
const exportTime = 20 * time.Second

// entryTime is the time of every entry: the same course gives the same bytes.
var entryTime = time.Date(1980, 1, 1, 0, 0, 0, 0, time.UTC)

// export is a course as it was when it was asked for. Its texts are on the disk, its files still in
// the object store.
type export struct {
	manifest manifest
	slug     string
	texts    *textFile
	// content is where the texts of the lessons lie.
	content    []span
	files      map[string]storageapi.File
	fileReader storageapi.FileReader
}

// findManagedCourse returns a course that the caller may export. It returns the errors of
// access.Service.FindManagedCourse.
func (s *Service) findManagedCourse(ctx context.Context, courseID string) (*course.Course, error) {
	return s.access.FindManagedCourse(ctx, courseID)
}

// startExport reads a course that the caller manages. It returns the errors of findManagedCourse.
// The calling function writes or closes the export.
func (s *Service) startExport(ctx context.Context, courseID string) (*export, error) {
	c, err := s.findManagedCourse(ctx, courseID)
	if err != nil {
		return nil, err
	}
	file, err := s.tempFiles.CreateFile()
	if err != nil {
		return nil, err
	}
	x := &export{slug: c.Slug, texts: &textFile{file: file}, fileReader: s.fileReader}
	if err := s.fillExport(ctx, x, c); err != nil {
		x.close()
		return nil, err
	}
	return x, nil
}

// close deletes the texts of the export from the disk.
func (x *export) close() { x.texts.close() }

// fillExport reads the course and its lessons, and describes its files. exportTime bounds it,
// whatever the deadline of the request.
func (s *Service) fillExport(ctx context.Context, x *export, c *course.Course) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), exportTime)
	defer cancel()
	x.manifest = manifest{
		Format: archiveFormat, Version: archiveVersion,
		Title: c.Title, Summary: c.Summary, Description: c.Description, Visibility: c.Visibility, Tags: c.TagList(),
		CoverKey: c.CoverKey, Lessons: []manifestLesson{}, Assets: []manifestAsset{},
	}
	if err := s.fillLessons(ctx, x, c.ID); err != nil {
		return err
	}
	keys := x.manifest.listKeys()
	for _, key := range keys {
		x.manifest.Assets = append(x.manifest.Assets, manifestAsset{Key: key})
	}
	if s.fileReader == nil {
		return nil
	}
	var err error
	x.files, err = s.fileReader.DescribeFiles(ctx, keys)
	return err
}

// fillLessons reads all lessons and their prerequisites as they are at one instant.
func (s *Service) fillLessons(ctx context.Context, x *export, courseID string) error {
	var lessons []exportRow
	prerequisites, content := map[string][]string{}, map[string]span{}
	err := s.store.eachRow(ctx, courseID, func(r exportRow) (err error) {
		if r.PrerequisiteID != nil {
			prerequisites[r.ID] = append(prerequisites[r.ID], *r.PrerequisiteID)
			return nil
		}
		content[r.ID], err = x.texts.append(r.Content)
		r.Content = ""
		lessons = append(lessons, r)
		return err
	})
	if err != nil {
		return err
	}
	slices.SortFunc(lessons, func(a, b exportRow) int { return a.Position - b.Position })
	positions := map[string]int{}
	for i, l := range lessons {
		positions[l.ID] = i + 1
	}
	for i, l := range lessons {
		out := manifestLesson{
			Title: l.Title, DurationSeconds: l.DurationSeconds, AssetKey: l.AssetKey,
			Captions:      (&course.Lesson{Captions: l.Captions}).CaptionList(),
			Prerequisites: []int{}, AvailableFrom: l.AvailableFrom, AvailableAfterDays: l.AvailableAfterDays,
			Path: lessonPath(i + 1),
		}
		for _, id := range prerequisites[l.ID] {
			out.Prerequisites = append(out.Prerequisites, positions[id])
		}
		slices.Sort(out.Prerequisites)
		x.manifest.Lessons = append(x.manifest.Lessons, out)
		x.content = append(x.content, content[l.ID])
	}
	return nil
}

// write writes the archive and closes the export. course.json comes last: checksums and lost files
// are known only then.
func (x *export) write(ctx context.Context, w io.Writer) error {
	defer x.close()
	z := zip.NewWriter(w)
	for i, l := range x.manifest.Lessons {
		content, err := x.texts.read(x.content[i])
		if err != nil {
			return err
		}
		if err := writeText(z, l.Path, []byte(content)); err != nil {
			return err
		}
	}
	for i := range x.manifest.Assets {
		if err := x.writeAsset(ctx, z, i); err != nil {
			return err
		}
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(x.manifest); err != nil {
		return err
	}
	if err := writeText(z, manifestName, b.Bytes()); err != nil {
		return err
	}
	return z.Close()
}

// writeText compresses a text, unless it would get so small that an import takes it for a bomb.
func writeText(z *zip.Writer, name string, b []byte) error {
	method, packed := zip.Deflate, &byteCounter{}
	f, err := flate.NewWriter(packed, flate.DefaultCompression)
	if err != nil {
		return err
	}
	_, _ = f.Write(b)
	_ = f.Close()
	if int64(len(b)) > packed.n*(maxRatio*9/10) {
		method = zip.Store
	}
	w, err := z.CreateHeader(&zip.FileHeader{Name: name, Method: method, Modified: entryTime})
	if err != nil {
		return err
	}
	_, err = w.Write(b)
	return err
}

// byteCounter counts what is written to it.
type byteCounter struct{ n int64 }

// Write implements io.Writer.
func (c *byteCounter) Write(b []byte) (int, error) {
	c.n += int64(len(b))
	return len(b), nil
}

// writeAsset copies a file without compressing it. A file that the store has lost keeps its line in
// course.json, without a path.
func (x *export) writeAsset(ctx context.Context, z *zip.Writer, i int) error {
	a := &x.manifest.Assets[i]
	f, isKnown := x.files[a.Key]
	if !isKnown {
		return nil
	}
	a.ContentType, a.Size, a.SHA256 = f.ContentType, f.Size, f.SHA256
	r, ok, err := x.fileReader.OpenFile(ctx, a.Key)
	if err != nil || !ok {
		return err
	}
	defer func() { _ = r.Close() }()
	path := assetPath(i + 1)
	w, err := z.CreateHeader(&zip.FileHeader{Name: path, Method: zip.Store, Modified: entryTime})
	if err != nil {
		return err
	}
	h := sha256.New()
	n, err := io.CopyBuffer(io.MultiWriter(w, h), r, make([]byte, 128<<10))
	if err == nil && n != f.Size {
		err = fmt.Errorf("%d bytes of an asset of %d", n, f.Size)
	}
	a.Path, a.SHA256 = path, hex.EncodeToString(h.Sum(nil))
	return err
}
