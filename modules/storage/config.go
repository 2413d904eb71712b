package storage

import (
	"fmt"
	"slices"
	"strings"

	"lyceum/modules/storage/internal/assetkey"
	"lyceum/platform/apperr"
	"lyceum/platform/config"
)

// Config holds the module's settings.
type Config struct {
	MaxBytes     int64    `env:"UPLOAD_MAX_BYTES" envDefault:"2147483648"`
	ContentTypes []string `env:"UPLOAD_CONTENT_TYPES" envDefault:"video/mp4,video/webm,audio/mpeg,audio/ogg,audio/wav,image/png,image/jpeg,image/webp,image/gif,application/pdf,application/zip,text/plain,text/markdown,text/csv,text/vtt"`
	QuotaBytes   int64    `env:"STORAGE_QUOTA_BYTES" envDefault:"0"`
}

var settings = config.DeclareSection[Config](
	"Files",
	config.Doc{Key: "UPLOAD_MAX_BYTES", Text: "Size of the largest file, in bytes."},
	config.Doc{Key: "UPLOAD_CONTENT_TYPES", Text: "Comma-separated media types of files that may be uploaded."},
	config.Doc{Key: "STORAGE_QUOTA_BYTES", Text: "Bytes that the files of one uploader may take together. 0: no limit."},
)

// Validate implements config.Validator.
func (c *Config) Validate(f *config.Faults) {
	f.CheckRange("UPLOAD_MAX_BYTES", c.MaxBytes, 1, 5<<40)
	f.CheckRange("STORAGE_QUOTA_BYTES", c.QuotaBytes, 0, 1<<60)
	for _, t := range c.ContentTypes {
		if major, minor, ok := strings.Cut(t, "/"); !ok || major == "" || minor == "" || strings.ContainsAny(t, " ;*") {
			f.Add("UPLOAD_CONTENT_TYPES", t, "types such as video/mp4, comma-separated")
		}
	}
}

// checkUpload holds a declaration to the rules, names every broken one, and brings type and
// checksum into the form that is stored.
func (l limits) checkUpload(n *newUpload) error {
	n.ContentType, n.SHA256 = strings.ToLower(n.ContentType), strings.ToLower(n.SHA256)
	var broken []apperr.Field
	var said []string
	if err := assetkey.Check(n.Key); err != nil {
		broken = append(broken, apperr.Field{Location: "key", Message: err.Error()})
		said = append(said, "The key "+err.Error()+".")
	}
	if !slices.ContainsFunc(l.Types, func(t string) bool { return strings.EqualFold(t, n.ContentType) }) {
		accepted := "accepted are " + strings.Join(l.Types, ", ")
		broken = append(broken, apperr.Field{Location: "content_type", Message: accepted})
		said = append(said, "This server does not take files of this type; "+accepted+".")
	}
	if n.Size < 1 || n.Size > l.Max {
		bounds := fmt.Sprintf("must lie between 1 and %d bytes (%s)", l.Max, formatSize(l.Max))
		broken = append(broken, apperr.Field{Location: "size", Message: bounds})
		said = append(said, "The size "+bounds+".")
	}
	if len(broken) > 0 {
		e := apperr.InvalidFields(broken...)
		e.Detail = strings.Join(said, " ")
		return e
	}
	return nil
}
