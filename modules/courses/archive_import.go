package courses

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"time"

	"lyceum/platform/apperr"
	"lyceum/platform/db"
	"lyceum/platform/identity"
)

// admitTime bounds the transaction of an import.
const admitTime = 30 * time.Second

// incoming is a checked archive whose files are staged: what is left is one transaction.
type incoming struct {
	course   *course
	lessons  []*lesson
	texts    *texts
	content  []contentAt
	staged   []string
	warnings []string
}

// contentAt is where a lesson's Markdown and HTML lie.
type contentAt struct{ markdown, html span }

// receive checks an archive as a whole, renders its lessons and stages its files, all outside every transaction.
// 400 for what is no zip file, 422 for all else that is wrong with it. What came in is released with discard.
func (a *archives) receive(ctx context.Context, r io.ReaderAt, size int64) (*incoming, error) {
	// The files do not wait for the transaction of the request: they are stored one after the other, and staged until
	// admit makes a course of them.
	ctx = db.WithoutTx(ctx)
	entries, err := openArchive(r, size)
	if err != nil {
		return nil, err
	}
	m, err := readManifest(entries)
	if err != nil {
		return nil, err
	}
	in := &incoming{warnings: []string{}}
	if in.course, err = a.draw(ctx, m, identity.CallerFrom(ctx).UserID); err != nil {
		return nil, err
	}
	if in.lessons, err = a.drawLessons(ctx, m, in.course); err != nil {
		return nil, err
	}
	if err := a.checkFiles(m, entries); err != nil {
		return nil, err
	}
	file, err := a.tempFiles.CreateFile()
	if err != nil {
		return nil, err
	}
	in.texts = &texts{file: file}
	if err = a.renderAll(ctx, in, m, entries); err == nil {
		err = a.stageAll(ctx, in, m, entries)
	}
	if err != nil {
		a.discard(ctx, in)
		return nil, err
	}
	return in, nil
}

func (a *archives) checkFiles(m *manifest, entries map[string]*entry) error {
	for i, f := range m.Assets {
		var err error
		switch {
		case f.Path == "":
		case a.intake == nil:
			err = entries[f.Path].check()
		default:
			err = apperr.MoveFieldsUnder(fmt.Sprintf("%s.assets.%d", manifestAt, i), a.checkFile(f, entries[f.Path]))
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (a *archives) renderAll(ctx context.Context, in *incoming, m *manifest, entries map[string]*entry) error {
	for _, l := range m.Lessons {
		p, err := readContent(ctx, entries[l.Path])
		if err != nil {
			return err
		}
		var at contentAt
		if at.markdown, err = in.texts.put(p.content); err != nil {
			return err
		}
		if at.html, err = in.texts.put(p.html); err != nil {
			return err
		}
		in.content = append(in.content, at)
	}
	return nil
}

// stageAll brings the files into the store. Lessons and cover take the keys that the files got; those of files
// that stay behind go.
func (a *archives) stageAll(ctx context.Context, in *incoming, m *manifest, entries map[string]*entry) error {
	keys := map[string]*string{}
	for _, f := range m.Assets {
		if why := a.leaves(f); why != "" {
			in.warnings = append(in.warnings, fmt.Sprintf("%q was left out: %s", f.Key, why))
			keys[f.Key] = nil
			continue
		}
		staged, err := a.intake.Stage(ctx, f.file(), entries[f.Path].open)
		if err != nil {
			return err
		}
		if staged.ID != "" {
			in.staged = append(in.staged, staged.ID)
		}
		if staged.Key != f.Key {
			in.warnings = append(in.warnings, fmt.Sprintf("%q is the key of another file; this one is %q", f.Key, staged.Key))
		}
		keys[f.Key] = &staged.Key
	}
	for _, l := range in.lessons {
		if l.AssetKey != nil {
			l.AssetKey = keys[*l.AssetKey]
		}
		var kept []caption
		for _, c := range l.captions() {
			if key := keys[c.AssetKey]; key != nil {
				c.AssetKey = *key
				kept = append(kept, c)
			}
		}
		if err := l.setCaptions(kept); err != nil {
			return err
		}
	}
	if c := in.course; c.CoverKey != nil {
		c.CoverKey = keys[*c.CoverKey]
	}
	return nil
}

// leaves says why a file stays behind, "" if it comes along.
func (a *archives) leaves(f manifestAsset) string {
	switch {
	case f.Path == "":
		return "the archive does not have it"
	case a.intake == nil:
		return "this server keeps no files"
	}
	return ""
}

// discard releases what came in. Files of a course that came into being are no longer staged, and stay.
func (a *archives) discard(ctx context.Context, in *incoming) {
	_ = in.texts.file.Close()
	if len(in.staged) == 0 {
		return
	}
	if err := a.intake.Discard(ctx, in.staged); err != nil {
		slog.Warn("files of an import stay until their time is over", "error", err)
	}
}

// admit makes the course, its lessons and its files, with their audit entries, all or nothing.
func (a *archives) admit(ctx context.Context, in *incoming) (*course, error) {
	ctx, cancel := context.WithTimeout(ctx, admitTime)
	defer cancel()
	err := a.db.InTx(ctx, func(ctx context.Context) error { return a.build(ctx, in) })
	for tries := 0; db.IsDuplicate(err) && tries < 5; tries++ { // another course took the slug meanwhile
		err = a.db.InTx(ctx, func(ctx context.Context) error { return a.build(ctx, in) })
	}
	return in.course, err
}

// build writes all of it in the caller's transaction.
func (a *archives) build(ctx context.Context, in *incoming) error {
	if len(in.staged) > 0 {
		if err := a.intake.Settle(ctx, in.staged); err != nil {
			return err
		}
	}
	if err := a.stillUsable(ctx, in); err != nil {
		return err
	}
	c := in.course
	err := a.insert(ctx, c, true, map[string]any{"status": c.Status, "visibility": c.Visibility, "source": "import", "lessons": c.LessonCount})
	if err != nil {
		return err
	}
	return a.store.insertLessons(ctx, in.lessons, in.lesson)
}

// lesson gives a lesson with its texts.
func (in *incoming) lesson(i int) (l lesson, err error) {
	l = *in.lessons[i]
	if l.Content, err = in.texts.get(in.content[i].markdown); err == nil {
		l.ContentHTML, err = in.texts.get(in.content[i].html)
	}
	return l, err
}

// stillUsable holds the keys until the transaction ends: an asset that was there before might have gone since.
func (a *archives) stillUsable(ctx context.Context, in *incoming) error {
	seen := map[string]bool{}
	hold := func(key *string) error {
		if key == nil || seen[*key] {
			return nil
		}
		seen[*key] = true
		return a.usable(ctx, manifestAt+".assets", key)
	}
	for _, l := range in.lessons {
		if err := hold(l.AssetKey); err != nil {
			return err
		}
		for _, c := range l.captions() {
			if err := hold(&c.AssetKey); err != nil {
				return err
			}
		}
	}
	return hold(in.course.CoverKey)
}
