package s3

import (
	"context"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"lyceum/platform/blob"
)

// PresignPut implements blob.Store. Content-Length and Content-Type are signed headers, so the
// service refuses another size or type. A plain presigned PUT would accept any (minio-js#1037).
func (s *Store) PresignPut(ctx context.Context, id string, p blob.PutRequest) (blob.Signed, error) {
	if err := p.Validate(id); err != nil {
		return blob.Signed{}, err
	}
	headers := map[string]string{"Content-Type": p.ContentType}
	if p.SHA256Hex != "" {
		sum, err := hex.DecodeString(p.SHA256Hex)
		if err != nil {
			return blob.Signed{}, fmt.Errorf("blob: %w", err)
		}
		headers["X-Amz-Checksum-Sha256"] = base64.StdEncoding.EncodeToString(sum)
	}
	if p.Once {
		headers["If-None-Match"] = "*"
	}
	signed := http.Header{"Content-Length": {strconv.FormatInt(p.Size, 10)}}
	for name, value := range headers {
		signed.Set(name, value)
	}
	return s.presignRequest(ctx, request{
		method: http.MethodPut, id: id, life: p.Expires, signedHeaders: signed, clientHeaders: headers,
	})
}

// PresignGet implements blob.Store. The type, the disposition and the cache life of the answer are
// signed parameters. The URL is not valid for HEAD.
func (s *Store) PresignGet(ctx context.Context, id string, g blob.GetRequest) (blob.Signed, error) {
	if err := g.Validate(id); err != nil {
		return blob.Signed{}, err
	}
	q := url.Values{
		"response-content-disposition": {blob.ContentDisposition(g.ContentType, g.Disposition, g.Filename)},
		"response-cache-control":       {"private, max-age=" + strconv.Itoa(int(g.Expires/time.Second))},
	}
	if g.ContentType != "" {
		q.Set("response-content-type", g.ContentType)
	}
	return s.presignRequest(ctx, request{
		method: http.MethodGet, id: id, life: g.Expires, query: q, clientHeaders: map[string]string{},
	})
}

// request is a request that is to be signed.
type request struct {
	method, id string
	// life is how long the URL is valid. S3 counts whole seconds.
	life time.Duration
	// query and signedHeaders are covered by the signature.
	query         url.Values
	signedHeaders http.Header
	// clientHeaders are those of signedHeaders that a client must be told to send. Every client
	// sends Content-Length by itself.
	clientHeaders map[string]string
}

// presignRequest returns a signed request. It makes no request to the service: ctx is only used for
// the credentials, and the region is known.
func (s *Store) presignRequest(ctx context.Context, r request) (blob.Signed, error) {
	u, err := s.signer.PresignHeader(ctx, r.method, s.bucket, r.id, r.life, r.query, r.signedHeaders)
	if err != nil {
		return blob.Signed{}, fmt.Errorf("blob: %w", err)
	}
	signedAt, err := time.Parse("20060102T150405Z", u.Query().Get("X-Amz-Date"))
	if err != nil {
		return blob.Signed{}, fmt.Errorf("blob: %w", err)
	}
	return blob.Signed{
		Method: r.method, URL: u.String(), Headers: r.clientHeaders,
		ExpiresAt: signedAt.Add(r.life.Truncate(time.Second)),
	}, nil
}
