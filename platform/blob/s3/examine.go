package s3

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/google/uuid"

	"lyceum/platform/blob"
)

// CheckAccess returns an error unless the key of the server may write, read and delete objects, and nobody else
// may read or list them. It writes and deletes one small object. It does not make a bucket that is missing.
func (s *Store) CheckAccess(ctx context.Context) error {
	if err := s.Ping(ctx); err != nil {
		return err
	}
	if err := s.refusePublicBucket(ctx); err != nil {
		return err
	}
	probe, content := uuid.NewString(), []byte("probe")
	if err := s.Put(ctx, probe, bytes.NewReader(content), int64(len(content)), "text/plain"); err != nil {
		return fmt.Errorf("S3_ACCESS_KEY can't write to S3_BUCKET %q: %w", s.bucket, err)
	}
	read, err := s.ReadPrefix(ctx, probe, len(content)+1)
	if err == nil && !bytes.Equal(read, content) {
		err = blob.ErrMismatch
	}
	if err != nil {
		return fmt.Errorf("S3_ACCESS_KEY can't read from S3_BUCKET %q: %w", s.bucket, err)
	}
	if err := s.Delete(ctx, probe); err != nil {
		return fmt.Errorf("S3_ACCESS_KEY can't delete in S3_BUCKET %q: %w", s.bucket, err)
	}
	return nil
}

// BrowserView is what a browser meets at the address of signed URLs.
type BrowserView struct {
	// MayUpload says that pages of the asked origin may send files and read the answer (CORS).
	MayUpload bool
	// Time is the clock of the service, in whole seconds. It is zero if the answer names none.
	Time time.Time
	// TLS is the state of the connection, or nil if it is not encrypted.
	TLS *tls.ConnectionState
}

// ViewAsBrowser asks the service, as a browser does before it uploads from a page of origin. It returns an error if the
// address of signed URLs can't be reached from here.
func (s *Store) ViewAsBrowser(ctx context.Context, origin string) (BrowserView, error) {
	put := blob.PutRequest{ContentType: "video/mp4", Size: 1, Expires: time.Minute, Once: true}
	signed, err := s.PresignPut(ctx, uuid.NewString(), put)
	if err != nil {
		return BrowserView{}, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodOptions, signed.URL, nil)
	if err != nil {
		return BrowserView{}, fmt.Errorf("blob: %w", err)
	}
	req.Header.Set("Origin", origin)
	req.Header.Set("Access-Control-Request-Method", http.MethodPut)
	req.Header.Set("Access-Control-Request-Headers", "content-type,if-none-match")
	res, err := (&http.Client{Timeout: callTimeout}).Do(req)
	if err != nil {
		// Not the URL: it is signed.
		var failed *url.Error
		if errors.As(err, &failed) {
			err = failed.Err
		}
		return BrowserView{}, fmt.Errorf("blob: %s: %w", req.URL.Host, err)
	}
	defer res.Body.Close()
	view := BrowserView{TLS: res.TLS}
	allowed := res.Header.Get("Access-Control-Allow-Origin")
	view.MayUpload = res.StatusCode < 300 && (allowed == "*" || allowed == origin)
	view.Time, _ = http.ParseTime(res.Header.Get("Date"))
	return view, nil
}
