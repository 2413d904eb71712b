package storage

import (
	"lyceum/platform/config"
	"lyceum/platform/httpx"
)

// uploadRules are what a file must meet to be uploaded.
type uploadRules struct {
	ContentTypes []string `json:"content_types"`
	MaxBytes     int64    `json:"max_bytes"`
	// QuotaBytes is how much room one uploader may take in all; nil where there is no limit.
	QuotaBytes *int64 `json:"quota_bytes"`
}

func newCapability(c *config.Config) httpx.Capability {
	rules := uploadRules{ContentTypes: c.UploadContentTypes, MaxBytes: c.UploadMaxBytes}
	if c.StorageQuotaBytes > 0 {
		rules.QuotaBytes = &c.StorageQuotaBytes
	}
	return httpx.Capability{Name: "uploads", Value: rules}
}
