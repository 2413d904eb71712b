package courses

import (
	"context"
	"slices"

	"lyceum/platform/db"
	"lyceum/platform/identity"
)

// patch is what may change of a course; nil leaves a part as it is. Cover says that CoverKey was
// given, as nil clears it.
type patch struct {
	Title, Slug, Summary, Description, Visibility, Status *string
	Tags                                                  *[]string
	Cover                                                 bool
	CoverKey                                              *string
}

// apply changes c and lists the fields that are new now.
func (s *Service) apply(ctx context.Context, c *course, p patch) (changed []string, err error) {
	set := func(name string, field *string, value *string, clean func(string) (string, error)) {
		if value == nil || err != nil {
			return
		}
		var v string
		if v, err = clean(*value); err == nil && v != *field {
			*field = v
			changed = append(changed, name)
		}
	}
	line := func(location string, limit int) func(string) (string, error) {
		return func(v string) (string, error) { return cleanLine(location, v, limit) }
	}
	prose := func(location string, limit int) func(string) (string, error) {
		return func(v string) (string, error) { return cleanProse(location, v, limit) }
	}
	same := func(v string) (string, error) { return v, nil }
	set("title", &c.Title, p.Title, line("title", maxTitle))
	set("slug", &c.Slug, p.Slug, givenSlug)
	set("summary", &c.Summary, p.Summary, prose("summary", maxSummary))
	set("description", &c.Description, p.Description, prose("description", maxDescription))
	set("visibility", &c.Visibility, p.Visibility, same)
	set("status", &c.Status, p.Status, same)
	if err != nil {
		return nil, err
	}
	if p.Tags != nil {
		before := c.Tags
		if err := c.setTags(*p.Tags); err != nil {
			return nil, err
		}
		if c.Tags != before {
			changed = append(changed, "tags")
		}
	}
	if p.Cover && !equal(p.CoverKey, c.CoverKey) {
		if err := s.usable(ctx, "cover_key", p.CoverKey); err != nil {
			return nil, err
		}
		c.CoverKey = p.CoverKey
		changed = append(changed, "cover_key")
	}
	c.index()
	return changed, nil
}

func equal[T comparable](a, b *T) bool { return a == b || a != nil && b != nil && *a == *b }

// usable asks storage whether the caller may use a key; without storage no key is usable.
func (s *Service) usable(ctx context.Context, location string, key *string) error {
	if key == nil {
		return nil
	}
	if s.assets == nil {
		return errAsset(location)
	}
	ok, err := s.assets.Usable(ctx, identity.CallerFrom(ctx), *key)
	if err == nil && !ok {
		err = errAsset(location)
	}
	return err
}

// update changes a course. What changes nothing writes nothing: no version, no entry.
func (s *Service) update(ctx context.Context, id string, p patch) (c *course, err error) {
	err = s.db.InTx(ctx, func(ctx context.Context) error {
		if c, err = s.manage(ctx, id); err != nil {
			return err
		}
		if err := db.CheckVersion(ctx, c.Version); err != nil {
			return err
		}
		changed, err := s.apply(ctx, c, p)
		if err != nil || len(changed) == 0 {
			return err
		}
		c.UpdatedAt = s.clock.Now()
		first := c.publishAt(c.UpdatedAt)
		if err := s.store.saveCourse(ctx, c); err != nil {
			return err
		}
		if err := s.tellPublished(ctx, c, first); err != nil {
			return err
		}
		if slices.Contains(changed, "tags") {
			if err := s.store.setTags(ctx, c); err != nil {
				return err
			}
		}
		return s.recordChanges(ctx, c, changed)
	})
	if db.IsDuplicate(err) {
		return nil, errSlug
	}
	return c, err
}

// recordChanges writes one entry for the fields and one for the status.
func (s *Service) recordChanges(ctx context.Context, c *course, changed []string) error {
	fields := slices.DeleteFunc(slices.Clone(changed), func(f string) bool { return f == "status" })
	if len(fields) > 0 {
		if err := s.record(ctx, "course.updated", c.ID, map[string]any{"fields": fields}); err != nil {
			return err
		}
	}
	if len(fields) == len(changed) {
		return nil
	}
	action := map[string]string{published: "course.published", archived: "course.archived", draft: "course.updated"}[c.Status]
	return s.record(ctx, action, c.ID, map[string]any{"status": c.Status})
}
