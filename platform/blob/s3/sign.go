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
	bound := http.Header{"Content-Length": {strconv.FormatInt(p.Size, 10)}}
	for name, value := range headers {
		bound.Set(name, value)
	}
	return s.presign(ctx, http.MethodPut, id, p.Expires, nil, bound, headers)
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
	return s.presign(ctx, http.MethodGet, id, g.Expires, q, nil, map[string]string{})
}

// presign signs a request with the query q and the headers bound. The client must send headers; ctx
// is only used for credentials.
func (s *Store) presign(
	ctx context.Context, method, id string, life time.Duration,
	q url.Values, bound http.Header, headers map[string]string,
) (blob.Signed, error) {
	u, err := s.signer.PresignHeader(ctx, method, s.bucket, id, life, q, bound)
	if err != nil {
		return blob.Signed{}, fmt.Errorf("blob: %w", err)
	}
	signedAt, err := time.Parse("20060102T150405Z", u.Query().Get("X-Amz-Date"))
	if err != nil {
		return blob.Signed{}, fmt.Errorf("blob: %w", err)
	}
	return blob.Signed{
		Method: method, URL: u.String(), Headers: headers,
		ExpiresAt: signedAt.Add(life.Truncate(time.Second)),
	}, nil
}
