package s3

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"strings"
	"time"

	"lyceum/platform/blob"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"
	"github.com/minio/minio-go/v7/pkg/s3utils"
)

// stallTimeout is how long the service may neither send nor take a byte while content moves.
const stallTimeout = 30 * time.Second

// callTimeout bounds every call but the transfer of content, so that a caller has an answer within
// 3 s from a service that hangs.
const callTimeout = 2500 * time.Millisecond

// Config is where the service is and how to sign in. Its fields are the S3_* keys of the
// environment.
type Config struct {
	// Endpoint is host:port, or an http or https address whose scheme takes the place of UseTLS.
	Endpoint string
	// PublicEndpoint is the address at which clients reach the service. Empty means Endpoint.
	PublicEndpoint string
	Bucket         string
	AccessKey      string
	SecretKey      string
	// Region is part of every signature. Empty means us-east-1, the default of MinIO.
	Region string
	UseTLS bool
}

// Store keeps objects in one bucket. The key of an object is its id. Make one with New. It is safe
// for concurrent use.
type Store struct {
	bucket string
	region string
	client *minio.Core
	// signer signs for the public address, as a signature is valid for one host.
	signer *minio.Client
	// anonymous has no credentials. PrepareBucket finds out with it what anyone may do.
	anonymous *minio.Core
	// maxSinglePut is the constant of that name. Tests lower it.
	maxSinglePut int64
}

var _ blob.Store = (*Store)(nil)

// New returns a store. It makes no request; PrepareBucket does. It returns an error that names the
// key of the configuration that is wrong.
func New(cfg Config) (*Store, error) {
	if cfg.Region == "" {
		cfg.Region = "us-east-1"
	}
	if cfg.PublicEndpoint == "" {
		cfg.PublicEndpoint = cfg.Endpoint
	}
	if err := s3utils.CheckValidBucketName(cfg.Bucket); err != nil {
		return nil, fmt.Errorf("S3_BUCKET %q: %w", cfg.Bucket, err)
	}
	if cfg.AccessKey == "" || cfg.SecretKey == "" {
		return nil, errors.New("S3_ACCESS_KEY and S3_SECRET_KEY are needed with S3_ENDPOINT")
	}
	keys := credentials.NewStaticV4(cfg.AccessKey, cfg.SecretKey, "")
	client, err := newClient("S3_ENDPOINT", cfg.Endpoint, cfg, keys)
	if err != nil {
		return nil, err
	}
	signer, err := newClient("S3_PUBLIC_ENDPOINT", cfg.PublicEndpoint, cfg, keys)
	if err != nil {
		return nil, err
	}
	nobody := credentials.NewStatic("", "", "", credentials.SignatureAnonymous)
	stranger, err := newClient("S3_ENDPOINT", cfg.Endpoint, cfg, nobody)
	if err != nil {
		return nil, err
	}
	return &Store{
		bucket: cfg.Bucket, region: cfg.Region, signer: signer, maxSinglePut: maxSinglePut,
		client: &minio.Core{Client: client}, anonymous: &minio.Core{Client: stranger},
	}, nil
}

// newClient returns a client for an endpoint. key is the key of the configuration that its errors
// name.
func newClient(key, endpoint string, cfg Config, keys *credentials.Credentials) (*minio.Client, error) {
	host, secure := endpoint, cfg.UseTLS
	if strings.Contains(endpoint, "://") {
		u, err := url.Parse(endpoint)
		isAddress := err == nil && u.Host != "" && strings.Trim(u.Path, "/") == ""
		if !isAddress || u.Scheme != "http" && u.Scheme != "https" {
			return nil, fmt.Errorf("%s %q: want host:port or http(s)://host:port", key, endpoint)
		}
		host, secure = u.Host, u.Scheme == "https"
	}
	client, err := minio.New(host, &minio.Options{
		Creds: keys, Secure: secure, Region: cfg.Region, Transport: newTransport(),
		// A second attempt replaces a connection that went stale. callTimeout has no room for the
		// library's ten.
		MaxRetries: 2,
	})
	if err != nil {
		return nil, fmt.Errorf("%s %q: %w", key, endpoint, err)
	}
	return client, nil
}

// Bounds of S3: an object of more than maxSinglePut bytes comes in parts, of which there are maxParts at most.
const (
	maxSinglePut = 5 << 30
	maxParts     = 9000
	minPartBytes = 16 << 20
)

// Stat implements blob.Store.
func (s *Store) Stat(ctx context.Context, id string) (blob.Info, error) {
	if !blob.IsID(id) {
		return blob.Info{}, blob.ErrNotFound
	}
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	o, err := s.client.StatObject(ctx, s.bucket, id, minio.StatObjectOptions{})
	if err != nil {
		return blob.Info{}, toStoreError(err)
	}
	return blob.Info{Size: o.Size, ContentType: o.ContentType, ETag: o.ETag}, nil
}

// Open implements blob.Store. The answer must begin within callTimeout. Reading may then take as
// long as bytes arrive.
func (s *Store) Open(ctx context.Context, id string) (io.ReadCloser, error) {
	return s.getObject(ctx, id, minio.GetObjectOptions{})
}

// getObject returns the content of an object or a range of it. It returns blob.ErrNotFound if there
// is none, and an error if the answer does not begin within callTimeout.
func (s *Store) getObject(ctx context.Context, id string, opts minio.GetObjectOptions) (io.ReadCloser, error) {
	if !blob.IsID(id) {
		return nil, blob.ErrNotFound
	}
	ctx, cancel := context.WithCancelCause(ctx)
	// A deadline of ctx would end the transfer of the content, too.
	late := time.AfterFunc(callTimeout, func() { cancel(context.DeadlineExceeded) })
	body, _, _, err := s.client.GetObject(ctx, s.bucket, id, opts)
	late.Stop()
	if cause := context.Cause(ctx); err != nil && cause != nil {
		err = cause
	}
	if err != nil {
		cancel(nil)
		return nil, toStoreError(err)
	}
	return &download{body, cancel}, nil
}

// download is the body of an answer.
type download struct {
	io.ReadCloser
	cancel context.CancelCauseFunc
}

// Close closes the body and ends the request, so that the rest of the content is not sent.
func (d *download) Close() error {
	defer d.cancel(nil)
	return d.ReadCloser.Close()
}

// ReadPrefix implements blob.Store.
func (s *Store) ReadPrefix(ctx context.Context, id string, n int) ([]byte, error) {
	if n <= 0 {
		_, err := s.Stat(ctx, id)
		return nil, err
	}
	var opts minio.GetObjectOptions
	if err := opts.SetRange(0, int64(n)-1); err != nil {
		return nil, fmt.Errorf("blob: %w", err)
	}
	body, err := s.getObject(ctx, id, opts)
	if errorCode(err) == "InvalidRange" { // an empty object has no first byte
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer body.Close()
	return io.ReadAll(io.LimitReader(body, int64(n)))
}

// Put implements blob.Store.
func (s *Store) Put(ctx context.Context, id string, r io.Reader, size int64, contentType string) error {
	if err := blob.CheckID(id); err != nil {
		return err
	}
	if size < 0 {
		return fmt.Errorf("blob: an object of %d bytes", size)
	}
	if size == 0 && hasMore(r) { // the library does not read r then
		return fmt.Errorf("%w: it is longer", blob.ErrMismatch)
	}
	exact := &exactReader{r: r, left: size}
	// In several parts, the library holds each part of a reader without ReadAt in memory.
	options := minio.PutObjectOptions{ContentType: contentType, DisableMultipart: true}
	if size > s.maxSinglePut {
		options.DisableMultipart, options.NumThreads = false, 1
		options.PartSize = uint64(max(minPartBytes, (size/maxParts>>20+1)<<20)) //nolint:gosec // a size is not negative
	}
	_, err := s.client.Client.PutObject(ctx, s.bucket, id, exact, size, options)
	if exact.err != nil {
		return exact.err
	}
	return toStoreError(err)
}

// Delete implements blob.Store.
func (s *Store) Delete(ctx context.Context, id string) error {
	if !blob.IsID(id) {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	err := toStoreError(s.client.RemoveObject(ctx, s.bucket, id, minio.RemoveObjectOptions{}))
	if errors.Is(err, blob.ErrNotFound) {
		return nil
	}
	return err
}

// Ping implements blob.Store. It returns an error if the service does not answer or lacks the
// bucket.
func (s *Store) Ping(ctx context.Context) error {
	exists, err := s.bucketExists(ctx)
	if err == nil && !exists {
		err = fmt.Errorf("S3_BUCKET %q does not exist", s.bucket)
	}
	return err
}
