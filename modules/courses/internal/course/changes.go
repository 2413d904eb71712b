package course

// Changes is an edit of a course. A nil field leaves that part of the course as it is.
type Changes struct {
	Title, Slug, Summary, Description, Visibility, Status *string
	Tags                                                  *[]string
	// HasCover says that CoverKey is part of the edit; a nil CoverKey removes the cover.
	HasCover bool
	CoverKey *string
}

// Apply changes the course and returns the names of the fields that have a new value. It returns an
// error of kind Invalid for the first text that breaks a rule. The calling
// function checks a new cover key.
func (ch Changes) Apply(c *Course) (changed []string, err error) {
	set := func(field string, target, value *string, clean func(string) (string, error)) {
		if value == nil || err != nil {
			return
		}
		var cleaned string
		if cleaned, err = clean(*value); err == nil && cleaned != *target {
			*target = cleaned
			changed = append(changed, field)
		}
	}
	line := func(field string, limit int) func(string) (string, error) {
		return func(v string) (string, error) { return CleanLine(field, v, limit) }
	}
	prose := func(field string, limit int) func(string) (string, error) {
		return func(v string) (string, error) { return CleanProse(field, v, limit) }
	}
	unchanged := func(v string) (string, error) { return v, nil } // the schema checks these
	set("title", &c.Title, ch.Title, line("title", MaxTitle))
	set("slug", &c.Slug, ch.Slug, CleanSlug)
	set("summary", &c.Summary, ch.Summary, prose("summary", maxSummary))
	set("description", &c.Description, ch.Description, prose("description", maxDescription))
	set("visibility", &c.Visibility, ch.Visibility, unchanged)
	set("status", &c.Status, ch.Status, unchanged)
	if err != nil {
		return nil, err
	}
	if ch.Tags != nil {
		before := c.Tags
		if err := c.SetTags(*ch.Tags); err != nil {
			return nil, err
		}
		if c.Tags != before {
			changed = append(changed, "tags")
		}
	}
	if ch.HasCover && !equalPointees(ch.CoverKey, c.CoverKey) {
		c.CoverKey = ch.CoverKey
		changed = append(changed, "cover_key")
	}
	c.UpdateSearchText()
	return changed, nil
}

// equalPointees returns whether both pointers are nil or point to equal values.
func equalPointees[T comparable](a, b *T) bool { return a == b || a != nil && b != nil && *a == *b }
