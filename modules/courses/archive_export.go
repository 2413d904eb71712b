package courses

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

	"lyceum/modules/storage/storageapi"
)

// exportTime bounds what an export reads before its first byte.
const exportTime = 20 * time.Second

// archiveDate is the time of every entry, so that the same course gives the same bytes.
var archiveDate = time.Date(1980, 1, 1, 0, 0, 0, 0, time.UTC)

// export is a course as it was when it was asked for. Its texts lie on the disk, its files in the store.
type export struct {
	manifest manifest
	slug     string
	texts    *texts
	content  []span
	files    map[string]storageapi.File
	library  storageapi.Library
}

// export reads a course that the caller may change: 404, or 403 where he may only see it. Whoever writes the
// result or does not want it closes it.
func (a *archives) export(ctx context.Context, id string) (*export, error) {
	c, err := a.oversee(ctx, id)
	if err != nil {
		return nil, err
	}
	file, err := a.tempFiles.CreateFile()
	if err != nil {
		return nil, err
	}
	x := &export{slug: c.Slug, texts: &texts{file: file}, library: a.library}
	if err := a.fill(ctx, x, c); err != nil {
		x.close()
		return nil, err
	}
	return x, nil
}

func (x *export) close() { _ = x.texts.file.Close() }

func (a *archives) fill(ctx context.Context, x *export, c *course) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), exportTime)
	defer cancel()
	x.manifest = manifest{Format: archiveFormat, Version: archiveVersion, Title: c.Title, Summary: c.Summary, Description: c.Description,
		Visibility: c.Visibility, Tags: c.tags(), CoverKey: c.CoverKey, Lessons: []manifestLesson{}, Assets: []manifestAsset{}}
	if err := a.fillLessons(ctx, x, c.ID); err != nil {
		return err
	}
	keys := x.manifest.keys()
	for _, key := range keys {
		x.manifest.Assets = append(x.manifest.Assets, manifestAsset{Key: key})
	}
	if a.library == nil {
		return nil
	}
	var err error
	x.files, err = a.library.Files(ctx, keys)
	return err
}

// fillLessons reads all lessons and what they wait for as they are in one instant.
func (a *archives) fillLessons(ctx context.Context, x *export, courseID string) error {
	var found []exported
	before := map[string][]string{}
	err := a.store.exported(ctx, courseID, func(l exported) (err error) {
		if l.PrerequisiteID != nil {
			before[l.ID] = append(before[l.ID], *l.PrerequisiteID)
			return nil
		}
		l.span, err = x.texts.put(l.Content)
		l.Content = ""
		found = append(found, l)
		return err
	})
	if err != nil {
		return err
	}
	slices.SortFunc(found, func(a, b exported) int { return a.Position - b.Position })
	position := map[string]int{}
	for i, l := range found {
		position[l.ID] = i + 1
	}
	for i, l := range found {
		out := manifestLesson{Title: l.Title, DurationSeconds: l.DurationSeconds, AssetKey: l.AssetKey, Captions: (&lesson{Captions: l.Captions}).captions(), Prerequisites: []int{},
			AvailableFrom: l.AvailableFrom, AvailableAfterDays: l.AvailableAfterDays, Path: lessonPath(i + 1)}
		for _, id := range before[l.ID] {
			out.Prerequisites = append(out.Prerequisites, position[id])
		}
		slices.Sort(out.Prerequisites)
		x.manifest.Lessons = append(x.manifest.Lessons, out)
		x.content = append(x.content, l.span)
	}
	return nil
}

// write gives the archive and closes x. course.json comes last, as checksums and lost files are known only then.
func (x *export) write(ctx context.Context, w io.Writer) error {
	defer x.close()
	z := zip.NewWriter(w)
	for i, l := range x.manifest.Lessons {
		content, err := x.texts.get(x.content[i])
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

// writeText packs a text, unless it would look like a bomb to whoever imports it.
func writeText(z *zip.Writer, name string, b []byte) error {
	method, packed := zip.Deflate, &counter{}
	f, err := flate.NewWriter(packed, flate.DefaultCompression)
	if err != nil {
		return err
	}
	_, _ = f.Write(b)
	_ = f.Close()
	if int64(len(b)) > packed.n*(maxRatio*9/10) {
		method = zip.Store
	}
	w, err := z.CreateHeader(&zip.FileHeader{Name: name, Method: method, Modified: archiveDate})
	if err != nil {
		return err
	}
	_, err = w.Write(b)
	return err
}

type counter struct{ n int64 }

// Write implements io.Writer.
func (c *counter) Write(b []byte) (int, error) { c.n += int64(len(b)); return len(b), nil }

// writeAsset copies a file as it is. One that is gone keeps its line without a path.
func (x *export) writeAsset(ctx context.Context, z *zip.Writer, i int) error {
	a := &x.manifest.Assets[i]
	f, known := x.files[a.Key]
	if !known {
		return nil
	}
	a.ContentType, a.Size, a.SHA256 = f.ContentType, f.Size, f.SHA256
	r, ok, err := x.library.OpenFile(ctx, a.Key)
	if err != nil || !ok {
		return err
	}
	defer func() { _ = r.Close() }()
	w, err := z.CreateHeader(&zip.FileHeader{Name: assetPath(i + 1), Method: zip.Store, Modified: archiveDate})
	if err != nil {
		return err
	}
	h := sha256.New()
	n, err := io.CopyBuffer(io.MultiWriter(w, h), r, make([]byte, 128<<10))
	if err == nil && n != f.Size {
		err = fmt.Errorf("%d bytes of an asset of %d", n, f.Size)
	}
	a.Path, a.SHA256 = assetPath(i+1), hex.EncodeToString(h.Sum(nil))
	return err
}
