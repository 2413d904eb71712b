package storage

import (
	"context"
	"log/slog"

	"github.com/danielgtaylor/huma/v2"

	"lyceum/platform/clock"
	"lyceum/platform/httpx"
	"lyceum/platform/httpx/validation"
)

type uploadInput struct {
	Body struct {
		Key         string `json:"key" doc:"A name of 1 to 512 characters; slashes divide it, no segment is empty, . or .."`
		ContentType string `json:"content_type" maxLength:"100"`
		Size        int64  `json:"size" doc:"Exact length in bytes"`
		SHA256      string `json:"sha256,omitempty" pattern:"^[0-9a-fA-F]{64}$" patternDescription:"64 hexadecimal digits" doc:"Checksum that the object must have"`
	}
}

const uploadDescription = "Send the bytes to upload.url with upload.method and upload.headers, then complete the upload. " +
	"Content-Length is signed too and equals size. The key is taken until the URL ends."

// uploadView is a begun upload.
type uploadView struct {
	ID     string      `json:"id"`
	Key    string      `json:"key"`
	Upload requestView `json:"upload"`
}

// requestView is the request that brings the bytes.
type requestView struct {
	Method    string            `json:"method" enum:"PUT"`
	URL       string            `json:"url"`
	Headers   map[string]string `json:"headers" doc:"What the client sets; Content-Length, equal to size, is signed too"`
	ExpiresAt clock.Time        `json:"expires_at"`
}

// Resolve implements huma.Resolver.
func (in *uploadInput) Resolve(ctx huma.Context) []error { return validation.CheckInput(ctx, in) }

// checkUpload returns the faults of a declaration that can be found without the database.
func (h *handlers) checkUpload(_ context.Context, in *uploadInput) (faults validation.Faults) {
	declared := newUpload(in.Body)
	faults.Add("", h.service.normalizeUpload(&declared))
	return faults
}

// beginUpload answers POST /storage/uploads.
func (h *handlers) beginUpload(ctx context.Context, in *uploadInput) (*httpx.Response[uploadView], error) {
	a, signed, err := h.service.beginUpload(ctx, newUpload(in.Body))
	if err != nil {
		return nil, err
	}
	request := requestView{signed.Method, h.rebaseURL(ctx, signed.URL), signed.Headers, a.ExpiresAt}
	// Location only names the upload: no route answers a GET there.
	return httpx.Created("/storage/uploads/"+a.ID, uploadView{a.ID, a.Key, request}), nil
}

// revokeUpload removes the unfinished upload of a caller who may not upload any more. The router calls
// it before it answers 403.
func (h *handlers) revokeUpload(ctx context.Context, param func(name string) string) {
	if err := h.service.revokeUpload(ctx, param("id")); err != nil {
		slog.WarnContext(ctx, "an upload of a demoted account stays for now", "upload", param("id"), "error", err)
	}
}

const completeUploadDoc = "Compares what arrived with what was declared and makes the upload an asset. Nothing there is " +
	"409 upload-incomplete. Something else than declared is 409 upload-mismatch: it is deleted, " +
	"and the URL takes the right file. Completing again answers the same."

// completeUpload answers POST /storage/uploads/{id}/complete.
func (h *handlers) completeUpload(ctx context.Context, in *idInput) (*httpx.Response[assetView], error) {
	a, err := h.service.completeUpload(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	d, err := h.service.loadViewData(ctx, []asset{*a})
	if err != nil {
		return nil, err
	}
	return httpx.OK(newAssetView(a, d.uploaders[a.UploaderID], d.uses[a.Key])).WithVersion(assetVersion), nil
}

// uploadRules are what a file must meet to be uploaded.
type uploadRules struct {
	ContentTypes []string `json:"content_types" doc:"Media types of files that may be uploaded"`
	MaxBytes     int64    `json:"max_bytes" doc:"Size of one file"`
	QuotaBytes   *int64   `json:"quota_bytes" doc:"Size of all files of one uploader together; null if there is no limit"`
}

// newCapability returns the upload rules as a capability.
func newCapability(c *Config) httpx.Capability {
	rules := uploadRules{ContentTypes: c.ContentTypes, MaxBytes: c.MaxBytes}
	if c.QuotaBytes > 0 {
		rules.QuotaBytes = &c.QuotaBytes
	}
	return httpx.Capability{Name: "uploads", Value: rules}
}
