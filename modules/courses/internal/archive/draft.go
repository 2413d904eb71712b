package archive

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

	"lyceum/modules/courses/internal/course"
	"lyceum/modules/storage/storageapi"
	"lyceum/platform/apperr"
	"lyceum/platform/clock"
	"lyceum/platform/ids"
	"lyceum/platform/markdown"
)

// newDraft returns the course of a manifest as a draft of an owner. Its texts are cleaned like those of
// any other course.
func newDraft(m *manifest, ownerID string, now clock.Time) (*course.Course, error) {
	c := &course.Course{
		ID: ids.New(), Visibility: m.Visibility, Status: course.Draft, OwnerID: ownerID,
		LessonCount: len(m.Lessons), CoverKey: m.CoverKey, Version: 1, CreatedAt: now, UpdatedAt: now,
	}
	changes := course.Changes{Title: &m.Title, Summary: &m.Summary, Description: &m.Description, Tags: &m.Tags}
	_, err := changes.Apply(c)
	return c, apperr.MoveFieldsUnder(manifestName, err)
}

// newLessons returns the lessons of a manifest without their content.
func newLessons(m *manifest, c *course.Course) ([]*course.Lesson, error) {
	lessons := make([]*course.Lesson, len(m.Lessons))
	for i, l := range m.Lessons {
		lessons[i] = &course.Lesson{
			ID: ids.New(), CourseID: c.ID, Position: i + 1, AssetKey: l.AssetKey,
			HTMLVersion: markdown.Version, Captions: course.NoCaptions,
			Version: 1, CreatedAt: c.CreatedAt, UpdatedAt: c.CreatedAt,
		}
		if err := fillLesson(lessons[i], l, fmt.Sprintf("%s.lessons.%d", manifestName, i)); err != nil {
			return nil, err
		}
	}
	for i, l := range m.Lessons {
		for _, position := range slices.Compact(slices.Sorted(slices.Values(l.Prerequisites))) {
			lessons[i].Prerequisites = append(lessons[i].Prerequisites, lessons[position-1].ID)
		}
	}
	return lessons, nil
}

// fillLesson sets what course.json says of a lesson. location is that of the lesson in errors.
func fillLesson(l *course.Lesson, from manifestLesson, location string) error {
	if from.AvailableFrom != nil && *from.AvailableFrom == (clock.Time{}) {
		return apperr.Invalid(location+".available_from", "must be a time")
	}
	_, err := course.LessonChanges{
		Title: &from.Title, DurationSeconds: &from.DurationSeconds,
		HasAvailableFrom: true, AvailableFrom: from.AvailableFrom,
		HasAvailableAfter: true, AvailableAfterDays: from.AvailableAfterDays,
	}.Apply(l)
	if err != nil {
		return apperr.MoveFieldsUnder(location, err)
	}
	captions, err := course.CleanCaptions(location+".captions", from.Captions)
	if err != nil {
		return err
	}
	return l.SetCaptions(captions)
}

// readContent returns the content of a lesson as it is stored, with its HTML.
func readContent(ctx context.Context, e *entry) (course.Content, error) {
	raw, err := e.readAll(maxMarkdownBytes)
	if err != nil {
		return course.Content{}, err
	}
	if !utf8.Valid(raw) || strings.ContainsRune(string(raw), 0) {
		return course.Content{}, newEntryError(e.Name(), "U+0000 and broken UTF-8 are not accepted")
	}
	content, err := course.RenderContent(ctx, string(raw))
	var fault *apperr.Error
	if errors.As(err, &fault) && len(fault.Fields) > 0 {
		err = newEntryError(e.Name(), fault.Fields[0].Message)
	}
	return content, err
}

// checkFile compares a file with its checksum and applies the rules of uploads to it.
func (s *Service) checkFile(a manifestAsset, e *entry) error {
	r, err := e.open()
	if err != nil {
		return err
	}
	defer func() { _ = r.Close() }()
	start := make([]byte, storageapi.PrefixSize)
	n, err := io.ReadFull(r, start)
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return err
	}
	if err := s.fileImporter.CheckFile(a.describeFile(), start[:n]); err != nil {
		return err
	}
	h := sha256.New()
	_, _ = h.Write(start[:n])
	if _, err := io.CopyBuffer(h, r, make([]byte, 128<<10)); err != nil {
		return err
	}
	if !strings.EqualFold(hex.EncodeToString(h.Sum(nil)), a.SHA256) {
		return apperr.Invalid("sha256", "is not that of its entry")
	}
	return nil
}
