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

// PresignPut implements Store. Content-Length and Content-Type are among the signed headers, so
// the store itself refuses another size or type; a plain presigned PUT would take anything
// (minio-js#1037).
func (s *Store) PresignPut(ctx context.Context, id string, p blob.PutRequest) (blob.Signed, error) {
	if err := p.Check(id); err != nil {
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

// PresignGet implements Store. The answer's type, disposition and cache life are parameters under
// the signature. Unlike the folder's, the URL is for GET alone.
func (s *Store) PresignGet(ctx context.Context, id string, g blob.GetRequest) (blob.Signed, error) {
	if err := g.Check(id); err != nil {
		return blob.Signed{}, err
	}
	q := url.Values{
		"response-content-disposition": {blob.Disposition(g.ContentType, g.Disposition, g.Filename)},
		"response-cache-control":       {"private, max-age=" + strconv.Itoa(int(g.Expires/time.Second))},
	}
	if g.ContentType != "" {
		q.Set("response-content-type", g.ContentType)
	}
	return s.presign(ctx, http.MethodGet, id, g.Expires, q, nil, map[string]string{})
}

func (s *Store) presign(ctx context.Context, method, id string, life time.Duration, q url.Values, bound http.Header, headers map[string]string) (blob.Signed, error) {
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
