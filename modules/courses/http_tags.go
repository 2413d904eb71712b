package courses

import "github.com/danielgtaylor/huma/v2"

// tagText is a tag as it is given.
type tagText string

// Schema gives its bounds.
func (tagText) Schema(huma.Registry) *huma.Schema {
	least, most := 1, maxTag
	return &huma.Schema{Type: huma.TypeString, MinLength: &least, MaxLength: &most}
}

// plain gives tags as texts.
func plain(tags []tagText) []string {
	out := make([]string, len(tags))
	for i, t := range tags {
		out[i] = string(t)
	}
	return out
}

// tagList is a list of tags as it is stored: a JSON array, which nobody needs to take apart to show it.
type tagList string

// MarshalJSON is the list itself.
func (t tagList) MarshalJSON() ([]byte, error) { return []byte(t), nil }

// Schema is that of a list of texts.
func (tagList) Schema(huma.Registry) *huma.Schema {
	limit := maxTag
	return &huma.Schema{Type: huma.TypeArray, Items: &huma.Schema{Type: huma.TypeString, MaxLength: &limit}}
}
