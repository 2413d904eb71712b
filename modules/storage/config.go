package storage

import (
	"strings"

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
