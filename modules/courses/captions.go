package courses

import (
	"context"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/go-json-experiment/json"
	"golang.org/x/text/language"

	"lyceum/platform/apperr"
)

// Bounds of a lesson's captions.
const (
	maxCaptions = 20
	maxLabel    = 100
	captionType = "text/vtt"
	// noCaptions is how a lesson without captions stores them.
	noCaptions = "[]"
)

// caption is a file of captions for a lesson's video or sound, in one language.
type caption struct {
	Language string `json:"language" minLength:"1" maxLength:"100" doc:"Tag of BCP 47, each once in a lesson"`
	Label    string `json:"label" minLength:"1" maxLength:"100" doc:"What a player's menu shows"`
	AssetKey string `json:"asset_key" maxLength:"512" doc:"Key of a completed asset of type text/vtt"`
}

// captionList is a list of captions as it is stored: a JSON array, which nobody needs to take apart to show it.
type captionList string

// MarshalJSON is the list itself.
func (c captionList) MarshalJSON() ([]byte, error) { return []byte(c), nil }

// Schema is that of a list of captions.
func (captionList) Schema(r huma.Registry) *huma.Schema {
	return &huma.Schema{Type: huma.TypeArray, Items: r.Schema(reflect.TypeFor[caption](), true, "Caption")}
}

func (l *lesson) captions() []caption {
	out := []caption{}
	_ = json.Unmarshal([]byte(l.Captions), &out) // written by setCaptions only
	return out
}

func (l *lesson) setCaptions(all []caption) error {
	if all == nil {
		all = []caption{}
	}
	raw, err := json.Marshal(all)
	l.Captions = string(raw)
	return err
}

// cleanCaptions returns captions in the form in which they are stored. It refuses labels that are no line, tags that are
// no language of BCP 47, and two captions in one language.
func cleanCaptions(location string, given []caption) ([]caption, error) {
	if len(given) > maxCaptions {
		return nil, apperr.Invalid(location, "at most 20 captions")
	}
	out, seen := make([]caption, len(given)), map[string]bool{}
	var faults []apperr.Field
	for i, c := range given {
		at := fmt.Sprintf("%s[%d]", location, i)
		tag, err := language.Raw.Parse(c.Language)
		if err != nil || c.Language == "" || strings.Contains(c.Language, "_") {
			faults = append(faults, apperr.Field{Location: at + ".language", Message: "must be a language tag of BCP 47, such as en or pt-BR"})
		} else if canonical := language.Make(tag.String()).String(); seen[canonical] {
			faults = append(faults, apperr.Field{Location: at + ".language", Message: "another caption of the lesson has this language"})
		} else {
			seen[canonical] = true
		}
		label, err := cleanLine(at+".label", c.Label, maxLabel)
		if e, ok := apperr.As(err); ok {
			faults = append(faults, e.Fields...)
		}
		out[i] = caption{tag.String(), label, c.AssetKey}
	}
	if len(faults) > 0 {
		return nil, apperr.InvalidFields(faults...)
	}
	return out, nil
}

// applyCaptions changes the captions of a lesson and returns whether they are new. Files that the lesson did not have
// before must be the caller's to use, and captions.
func (s *Service) applyCaptions(ctx context.Context, l *lesson, given []caption) (changed bool, err error) {
	clean, err := cleanCaptions("captions", given)
	if err != nil {
		return false, err
	}
	before := l.captions()
	if slices.Equal(before, clean) {
		return false, nil
	}
	had := map[string]bool{}
	for _, c := range before {
		had[c.AssetKey] = true
	}
	for i, c := range clean {
		if had[c.AssetKey] {
			continue
		}
		if err := s.usableCaption(ctx, fmt.Sprintf("captions[%d].asset_key", i), c.AssetKey); err != nil {
			return false, err
		}
	}
	return true, l.setCaptions(clean)
}

// usableCaption refuses a key that the caller may not use, and a file that holds no captions.
func (s *Service) usableCaption(ctx context.Context, location, key string) error {
	if err := s.usable(ctx, location, &key); err != nil {
		return err
	}
	files, err := s.library.Files(ctx, []string{key})
	if err == nil && !isCaption(files[key].ContentType) {
		err = errNoCaption(location)
	}
	return err
}

func isCaption(contentType string) bool {
	kind, _, _ := strings.Cut(contentType, ";")
	return strings.EqualFold(strings.TrimSpace(kind), captionType)
}
