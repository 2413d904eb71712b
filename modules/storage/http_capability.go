package storage

import (
	"lyceum/platform/httpx"
)

// uploadRules are what a file must meet to be uploaded.
type uploadRules struct {
	ContentTypes []string `json:"content_types"`
	MaxBytes     int64    `json:"max_bytes"`
	// QuotaBytes is how much room one uploader may take in all; nil where there is no limit.
	QuotaBytes *int64 `json:"quota_bytes"`
}

func newCapability(c *Config) httpx.Capability {
	rules := uploadRules{ContentTypes: c.ContentTypes, MaxBytes: c.MaxBytes}
	if c.QuotaBytes > 0 {
		rules.QuotaBytes = &c.QuotaBytes
	}
	return httpx.Capability{Name: "uploads", Value: rules}
}
