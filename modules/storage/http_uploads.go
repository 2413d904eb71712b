package storage

import (
	"context"
	"log/slog"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"lyceum/platform/clock"
	"lyceum/platform/httpx"
	"lyceum/platform/httpx/requestinfo"
	"lyceum/platform/httpx/validation"
)

type signInput struct {
	Key       string `query:"key" required:"true" minLength:"1" maxLength:"512"`
	ExpiresIn int    `query:"expires_in" minimum:"60" maximum:"3600" default:"300" doc:"Seconds that the link lives"`
}

// linkView is a signed URL.
type linkView struct {
	Key       string     `json:"key"`
	URL       string     `json:"url" doc:"Needs no further credentials; serves Range requests"`
	Method    string     `json:"method" enum:"GET"`
	ExpiresAt clock.Time `json:"expires_at"`
}

// signURL answers GET /storage/sign.
func (h *handlers) signURL(ctx context.Context, in *signInput) (*httpx.Response[linkView], error) {
	l, err := h.service.signURL(ctx, in.Key, time.Duration(in.ExpiresIn)*time.Second)
	if err != nil {
		return nil, err
	}
	l.URL = h.service.folder.RebaseURL(requestinfo.OriginOf(ctx), l.URL)
	return httpx.OK(linkView(l)), nil
}

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

// checkUpload returns the faults of a declaration that no data is needed for.
func (h *handlers) checkUpload(_ context.Context, in *uploadInput) (faults validation.Faults) {
	n := newUpload(in.Body)
	faults.Add("", h.service.limits.checkUpload(&n))
	return faults
}

// beginUpload answers POST /storage/uploads.
func (h *handlers) beginUpload(ctx context.Context, in *uploadInput) (*httpx.Response[uploadView], error) {
	a, signed, err := h.service.beginUpload(ctx, newUpload(in.Body))
	if err != nil {
		return nil, err
	}
	signed.URL = h.service.folder.RebaseURL(requestinfo.OriginOf(ctx), signed.URL)
	request := requestView{signed.Method, signed.URL, signed.Headers, a.ExpiresAt}
	return httpx.Created("/storage/uploads/"+a.ID, uploadView{a.ID, a.Key, request}), nil
}

// abandonUpload returns up an upload whose owner may not upload any more.
func (h *handlers) abandonUpload(ctx context.Context, param func(name string) string) {
	if err := h.service.abandonUpload(ctx, param("id")); err != nil {
		slog.WarnContext(ctx, "an upload of a demoted account stays for now", "upload", param("id"), "error", err)
	}
}

// completeUpload answers POST /storage/uploads/{id}/complete.
func (h *handlers) completeUpload(ctx context.Context, in *idInput) (*httpx.Response[assetView], error) {
	a, err := h.service.completeUpload(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	r, err := h.service.findRelations(ctx, []asset{*a})
	if err != nil {
		return nil, err
	}
	return httpx.OK(newAssetView(a, r.uploaders[a.UploaderID], r.uses[a.Key])).WithVersion(version), nil
}

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
