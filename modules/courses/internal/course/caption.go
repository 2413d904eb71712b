package course

import (
	"fmt"
	"strings"

	"github.com/go-json-experiment/json"
	"golang.org/x/text/language"

	"lyceum/platform/apperr"
)

// Bounds of a lesson's captions.
const (
	maxCaptions = 20
	maxLabel    = 100
)

// captionType is the media type of a file with captions.
const captionType = "text/vtt"

// NoCaptions is how a lesson without captions stores them.
const NoCaptions = "[]"

// Caption is a file with captions for a lesson's video or sound, in one language. It is shown as it
// is stored.
type Caption struct {
	Language string `json:"language" minLength:"1" maxLength:"100" doc:"Tag of BCP 47, each once in a lesson"`
	Label    string `json:"label" minLength:"1" maxLength:"100" doc:"What a player's menu shows"`
	AssetKey string `json:"asset_key" maxLength:"512" doc:"Key of a completed asset of type text/vtt"`
}

// CaptionList returns the captions of the lesson.
func (l *Lesson) CaptionList() []Caption {
	captions := []Caption{}
	_ = json.Unmarshal([]byte(l.Captions), &captions) // written by SetCaptions only
	return captions
}

// SetCaptions stores the captions of the lesson. They must be clean.
func (l *Lesson) SetCaptions(captions []Caption) error {
	if captions == nil {
		captions = []Caption{}
	}
	raw, err := json.Marshal(captions)
	l.Captions = string(raw)
	return err
}

// CleanCaptions returns captions in the form in which they are stored. It returns an error of kind
// Invalid, with every fault, for labels that are no line, tags that are no language of BCP 47, and
// two captions in one language.
func CleanCaptions(field string, given []Caption) ([]Caption, error) {
	if len(given) > maxCaptions {
		return nil, apperr.Invalid(field, "at most 20 captions")
	}
	cleaned, seen := make([]Caption, len(given)), map[string]bool{}
	var faults []apperr.Field
	for i, c := range given {
		at := fmt.Sprintf("%s[%d]", field, i)
		addFault := func(message string) {
			faults = append(faults, apperr.Field{Location: at + ".language", Message: message})
		}
		tag, err := language.Raw.Parse(c.Language)
		if err != nil || c.Language == "" || strings.Contains(c.Language, "_") {
			addFault("must be a language tag of BCP 47, such as en or pt-BR")
		} else if canonical := language.Make(tag.String()).String(); seen[canonical] {
			addFault("another caption of the lesson has this language")
		} else {
			seen[canonical] = true
		}
		label, err := CleanLine(at+".label", c.Label, maxLabel)
		if fault, ok := apperr.As(err); ok {
			faults = append(faults, fault.Fields...)
		}
		cleaned[i] = Caption{tag.String(), label, c.AssetKey}
	}
	if len(faults) > 0 {
		return nil, apperr.InvalidFields(faults...)
	}
	return cleaned, nil
}

// IsCaptionType returns whether a media type is that of captions. Parameters don't matter.
func IsCaptionType(mediaType string) bool {
	kind, _, _ := strings.Cut(mediaType, ";")
	return strings.EqualFold(strings.TrimSpace(kind), captionType)
}
