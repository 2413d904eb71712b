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

type linkView struct {
	Key       string     `json:"key"`
	URL       string     `json:"url" doc:"Needs no further credentials; serves Range requests"`
	Method    string     `json:"method" enum:"GET"`
	ExpiresAt clock.Time `json:"expires_at"`
}

func (h *handlers) sign(ctx context.Context, in *signInput) (*httpx.Response[linkView], error) {
	l, err := h.service.sign(ctx, in.Key, time.Duration(in.ExpiresIn)*time.Second)
	if err != nil {
		return nil, err
	}
	l.URL = h.service.folder.RebaseURL(requestinfo.OriginOf(ctx), l.URL)
	return httpx.OK(linkView(l)), nil
}

type beginInput struct {
	Body struct {
		Key         string `json:"key" doc:"A name of 1 to 512 characters; slashes divide it, no segment is empty, . or .."`
		ContentType string `json:"content_type" maxLength:"100"`
		Size        int64  `json:"size" doc:"Exact length in bytes"`
		SHA256      string `json:"sha256,omitempty" pattern:"^[0-9a-fA-F]{64}$" patternDescription:"64 hexadecimal digits" doc:"Checksum that the object must have"`
	}
}

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
func (in *beginInput) Resolve(ctx huma.Context) []error { return validation.CheckInput(ctx, in) }

func (h *handlers) checkBegin(_ context.Context, in *beginInput) (faults validation.Faults) {
	n := newUpload(in.Body)
	faults.Add("", h.service.limits.check(&n))
	return faults
}

func (h *handlers) begin(ctx context.Context, in *beginInput) (*httpx.Response[uploadView], error) {
	a, signed, err := h.service.begin(ctx, newUpload(in.Body))
	if err != nil {
		return nil, err
	}
	signed.URL = h.service.folder.RebaseURL(requestinfo.OriginOf(ctx), signed.URL)
	return httpx.Created("/storage/uploads/"+a.ID, uploadView{a.ID, a.Key, requestView{signed.Method, signed.URL, signed.Headers, a.ExpiresAt}}), nil
}

// refuse gives up an upload whose owner may not upload any more.
func (h *handlers) refuse(ctx context.Context, param func(name string) string) {
	if err := h.service.giveUp(ctx, param("id")); err != nil {
		slog.WarnContext(ctx, "an upload of a demoted account stays for now", "upload", param("id"), "error", err)
	}
}

func (h *handlers) complete(ctx context.Context, in *idInput) (*httpx.Response[view], error) {
	a, err := h.service.complete(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	r, err := h.service.relationsOf(ctx, []asset{*a})
	if err != nil {
		return nil, err
	}
	return httpx.OK(viewOf(a, r.uploaders[a.UploaderID], r.uses[a.Key])).WithVersion(version), nil
}
