package storage

import (
	"context"
	"time"

	"lyceum/platform/clock"
	"lyceum/platform/httpx"
	"lyceum/platform/httpx/requestinfo"
)

type signInput struct {
	Key       string `query:"key" required:"true" minLength:"1" maxLength:"512"`
	ExpiresIn int    `query:"expires_in" minimum:"60" maximum:"3600" default:"300" doc:"Seconds that the link lives"`
}

// linkView is a signed URL. Its name is that of the schema in the OpenAPI document.
type linkView struct {
	Key       string     `json:"key"`
	URL       string     `json:"url" doc:"Needs no further credentials; serves Range requests"`
	Method    string     `json:"method" enum:"GET"`
	ExpiresAt clock.Time `json:"expires_at"`
}

// signURL answers GET /storage/sign.
func (h *handlers) signURL(ctx context.Context, in *signInput) (*httpx.Response[linkView], error) {
	signed, err := h.service.signURL(ctx, in.Key, time.Duration(in.ExpiresIn)*time.Second)
	if err != nil {
		return nil, err
	}
	signed.URL = h.rebaseURL(ctx, signed.URL)
	return httpx.OK(linkView(signed)), nil
}

// rebaseURL returns a signed URL of the embedded object store under the origin that the client used.
// RebaseURL of a nil folder, with S3, returns the URL as it is.
func (h *handlers) rebaseURL(ctx context.Context, signed string) string {
	return h.service.folder.RebaseURL(requestinfo.OriginOf(ctx), signed)
}
