package courses

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"lyceum/modules/storage/storageapi"
	"lyceum/platform/apperr"
	"lyceum/platform/clock"
	"lyceum/platform/ids"
	"lyceum/platform/markdown"
)

// draw makes a draft of the caller's from a manifest, cleaned as every other course is.
func (a *archives) draw(ctx context.Context, m *manifest, ownerID string) (*course, error) {
	now := a.clock.Now()
	c := &course{ID: ids.New(), Visibility: m.Visibility, Status: draft, OwnerID: ownerID, LessonCount: len(m.Lessons), CoverKey: m.CoverKey,
		Version: 1, CreatedAt: now, UpdatedAt: now}
	_, err := a.apply(ctx, c, patch{Title: &m.Title, Summary: &m.Summary, Description: &m.Description, Tags: &m.Tags})
	return c, apperr.MoveFieldsUnder(manifestAt, err)
}

// drawLessons makes the lessons, all but their content.
func (a *archives) drawLessons(ctx context.Context, m *manifest, c *course) ([]*lesson, error) {
	out := make([]*lesson, len(m.Lessons))
	for i, l := range m.Lessons {
		out[i] = &lesson{ID: ids.New(), CourseID: c.ID, Position: i + 1, AssetKey: l.AssetKey, HTMLVersion: markdown.Version, Captions: noCaptions,
			Version: 1, CreatedAt: c.CreatedAt, UpdatedAt: c.CreatedAt}
		if l.AvailableFrom != nil && *l.AvailableFrom == (clock.Time{}) {
			return nil, invalidManifest(fmt.Sprintf(".lessons.%d.available_from", i), "must be a time")
		}
		_, err := a.applyLesson(ctx, out[i], lessonPatch{Title: &l.Title, DurationSeconds: &l.DurationSeconds,
			From: true, AvailableFrom: l.AvailableFrom, After: true, AvailableAfterDays: l.AvailableAfterDays})
		if err != nil {
			return nil, apperr.MoveFieldsUnder(fmt.Sprintf("%s.lessons.%d", manifestAt, i), err)
		}
		captions, err := cleanCaptions(fmt.Sprintf("%s.lessons.%d.captions", manifestAt, i), l.Captions)
		if err != nil {
			return nil, err
		}
		if err := out[i].setCaptions(captions); err != nil {
			return nil, err
		}
	}
	for i, l := range m.Lessons {
		for _, p := range slices.Compact(slices.Sorted(slices.Values(l.Prerequisites))) {
			out[i].Prerequisites = append(out[i].Prerequisites, out[p-1].ID)
		}
	}
	return out, nil
}

// readContent gives the text of a lesson as it is stored, with its HTML.
func readContent(ctx context.Context, e *entry) (prose, error) {
	raw, err := e.whole(maxMarkdownBytes)
	if err != nil {
		return prose{}, err
	}
	if !utf8.Valid(raw) || strings.ContainsRune(string(raw), 0) {
		return prose{}, errEntry(e.Name(), "U+0000 and broken UTF-8 are not accepted")
	}
	p, err := render(ctx, string(raw))
	var told *apperr.Error
	if errors.As(err, &told) && len(told.Fields) > 0 {
		err = errEntry(e.Name(), told.Fields[0].Message)
	}
	return p, err
}

// checkFile holds a file to its checksum and to what an upload is held to.
func (a *archives) checkFile(f manifestAsset, e *entry) error {
	r, err := e.open()
	if err != nil {
		return err
	}
	defer func() { _ = r.Close() }()
	start := make([]byte, storageapi.StartSize)
	n, err := io.ReadFull(r, start)
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return err
	}
	if err := a.intake.Check(f.file(), start[:n]); err != nil {
		return err
	}
	h := sha256.New()
	_, _ = h.Write(start[:n])
	if _, err := io.CopyBuffer(h, r, make([]byte, 128<<10)); err != nil {
		return err
	}
	if !strings.EqualFold(hex.EncodeToString(h.Sum(nil)), f.SHA256) {
		return apperr.Invalid("sha256", "is not that of its entry")
	}
	return nil
}
