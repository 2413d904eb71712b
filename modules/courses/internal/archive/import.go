package archive

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"time"

	"lyceum/modules/courses/internal/course"
	"lyceum/platform/apperr"
	"lyceum/platform/db"
	"lyceum/platform/identity"
)

// insertTime bounds the transaction of an import.
const insertTime = 30 * time.Second

// maxSlugTries is how often an import starts its transaction again because another course has taken
// its slug in the meantime.
const maxSlugTries = 5

// stagedImport is a checked archive whose files are staged. Only one transaction is left to do.
type stagedImport struct {
	course  *course.Course
	lessons []*course.Lesson
	texts   *textFile
	// content is where the texts of the lessons lie.
	content []contentSpan
	// stagedIDs are the files that storage keeps for the import.
	stagedIDs []string
	// warnings tell the caller what will be other than the archive says.
	warnings []string
}

// contentSpan is where the Markdown and the HTML of a lesson lie.
type contentSpan struct{ markdown, html span }

// stageImport checks a whole archive, renders its lessons and stages its files. It returns an error
// of kind Malformed for a file that is no zip file, of kind Invalid for an archive that breaks a
// rule, and the errors of storageapi.FileImporter. The calling function passes the result to
// discardImport in the end.
func (s *Service) stageImport(ctx context.Context, r io.ReaderAt, size int64) (*stagedImport, error) {
	// Nothing of this is in the transaction of the request: files are stored one after the other,
	// which takes long, and they are staged until createCourse completes them.
	ctx = db.WithoutTx(ctx)
	entries, err := openArchive(r, size)
	if err != nil {
		return nil, err
	}
	m, err := readManifest(entries)
	if err != nil {
		return nil, err
	}
	in := &stagedImport{warnings: []string{}}
	if in.course, err = newDraft(m, identity.CallerFrom(ctx).UserID, s.clock.Now()); err != nil {
		return nil, err
	}
	if in.lessons, err = newLessons(m, in.course); err != nil {
		return nil, err
	}
	if err := s.checkFiles(m, entries); err != nil {
		return nil, err
	}
	file, err := s.tempFiles.CreateFile()
	if err != nil {
		return nil, err
	}
	in.texts = &textFile{file: file}
	if err = in.renderLessons(ctx, m, entries); err == nil {
		err = s.stageFiles(ctx, in, m, entries)
	}
	if err != nil {
		s.discardImport(ctx, in)
		return nil, err
	}
	return in, nil
}

// checkFiles checks the files of an archive before any of them is stored.
func (s *Service) checkFiles(m *manifest, entries map[string]*entry) error {
	for i, a := range m.Assets {
		location := fmt.Sprintf("%s.assets.%d", manifestName, i)
		var err error
		switch {
		case a.Path == "":
			err = apperr.MoveFieldsUnder(location, a.checkKey())
		case s.fileImporter == nil:
			err = entries[a.Path].check()
		default:
			err = apperr.MoveFieldsUnder(location, s.checkFile(a, entries[a.Path]))
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// renderLessons keeps the content of all lessons on the disk, with its HTML.
func (in *stagedImport) renderLessons(ctx context.Context, m *manifest, entries map[string]*entry) error {
	for _, l := range m.Lessons {
		content, err := readContent(ctx, entries[l.Path])
		if err != nil {
			return err
		}
		var at contentSpan
		if at.markdown, err = in.texts.append(content.Markdown); err != nil {
			return err
		}
		if at.html, err = in.texts.append(content.HTML); err != nil {
			return err
		}
		in.content = append(in.content, at)
	}
	return nil
}

// stageFiles stores the files of an archive. A file gets another key if its own belongs to another
// file, and is left out if its bytes are missing or the server keeps no files.
func (s *Service) stageFiles(
	ctx context.Context, in *stagedImport, m *manifest, entries map[string]*entry,
) error {
	newKeys := map[string]*string{}
	for _, a := range m.Assets {
		if reason := s.reasonToOmit(a); reason != "" {
			in.warnings = append(in.warnings, fmt.Sprintf("%q was left out: %s", a.Key, reason))
			newKeys[a.Key] = nil
			continue
		}
		staged, err := s.fileImporter.StageFile(ctx, a.describeFile(), entries[a.Path].open)
		if err != nil {
			return err
		}
		if staged.ID != "" {
			in.stagedIDs = append(in.stagedIDs, staged.ID)
		}
		if staged.Key != a.Key {
			in.warnings = append(in.warnings,
				fmt.Sprintf("%q is the key of another file; this one is %q", a.Key, staged.Key))
		}
		newKeys[a.Key] = &staged.Key
	}
	return in.replaceKeys(newKeys)
}

// reasonToOmit returns why a file is left out, "" if it is not.
func (s *Service) reasonToOmit(a manifestAsset) string {
	switch {
	case a.Path == "":
		return "the archive does not have it"
	case s.fileImporter == nil:
		return "this server keeps no files"
	}
	return ""
}

// replaceKeys gives lessons and cover the keys that their files got. A file that was left out
// leaves no key.
func (in *stagedImport) replaceKeys(newKeys map[string]*string) error {
	for _, l := range in.lessons {
		if l.AssetKey != nil {
			l.AssetKey = newKeys[*l.AssetKey]
		}
		var captions []course.Caption
		for _, c := range l.CaptionList() {
			if key := newKeys[c.AssetKey]; key != nil {
				c.AssetKey = *key
				captions = append(captions, c)
			}
		}
		if err := l.SetCaptions(captions); err != nil {
			return err
		}
	}
	if c := in.course; c.CoverKey != nil {
		c.CoverKey = newKeys[*c.CoverKey]
	}
	return nil
}

// discardImport releases what the import keeps. Files of a course that was created are no longer
// staged, and stay.
func (s *Service) discardImport(ctx context.Context, in *stagedImport) {
	in.texts.close()
	if len(in.stagedIDs) == 0 {
		return
	}
	if err := s.fileImporter.DiscardStaged(ctx, in.stagedIDs); err != nil {
		slog.WarnContext(ctx, "staged files of an import could not be discarded and stay until they expire", "error", err)
	}
}

// createCourse creates the course, its lessons and its files, with their audit entries. All of it
// commits together.
func (s *Service) createCourse(ctx context.Context, in *stagedImport) (*course.Course, error) {
	ctx, cancel := context.WithTimeout(ctx, insertTime)
	defer cancel()
	insert := func(ctx context.Context) error { return s.insertAll(ctx, in) }
	err := s.db.InTx(ctx, insert)
	for tries := 0; db.IsDuplicate(err) && tries < maxSlugTries; tries++ {
		err = s.db.InTx(ctx, insert)
	}
	return in.course, err
}

// insertAll is createCourse in the transaction of ctx.
func (s *Service) insertAll(ctx context.Context, in *stagedImport) error {
	if len(in.stagedIDs) > 0 {
		if err := s.fileImporter.CompleteStaged(ctx, in.stagedIDs); err != nil {
			return err
		}
	}
	if err := s.checkKeys(ctx, in); err != nil {
		return err
	}
	c := in.course
	err := s.authoring.InsertCourseWithFreeSlug(ctx, c, map[string]any{
		"status": c.Status, "visibility": c.Visibility, "source": "import", "lessons": c.LessonCount,
	})
	if err != nil {
		return err
	}
	return s.authoring.InsertLessons(ctx, len(in.lessons), in.lessonWithContent)
}

// lessonWithContent returns a lesson with its content from the disk.
func (in *stagedImport) lessonWithContent(i int) (l course.Lesson, err error) {
	l = *in.lessons[i]
	if l.Content, err = in.texts.read(in.content[i].markdown); err == nil {
		l.ContentHTML, err = in.texts.read(in.content[i].html)
	}
	return l, err
}

// checkKeys checks every key once and holds it until the transaction ends: a file that the caller
// had before the import might have been deleted since.
func (s *Service) checkKeys(ctx context.Context, in *stagedImport) error {
	isChecked := map[string]bool{}
	check := func(key *string) error {
		if key == nil || isChecked[*key] {
			return nil
		}
		isChecked[*key] = true
		return s.authoring.CheckKey(ctx, manifestName+".assets", key)
	}
	for _, l := range in.lessons {
		if err := check(l.AssetKey); err != nil {
			return err
		}
		for _, c := range l.CaptionList() {
			if err := check(&c.AssetKey); err != nil {
				return err
			}
		}
	}
	return check(in.course.CoverKey)
}
