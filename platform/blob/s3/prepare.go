package s3

import (
	"bytes"
	"context"
	"fmt"

	"github.com/google/uuid"
	"github.com/minio/minio-go/v7"
)

// PrepareBucket creates the bucket if it is missing. It returns an error if the bucket can't be
// used, or if anyone can read or list it: signed URLs would protect nothing then. It writes and
// deletes one small object. Replicas that start together may call it at the same time.
func (s *Store) PrepareBucket(ctx context.Context) error {
	exists, err := s.bucketExists(ctx)
	if err != nil {
		return err
	}
	if !exists {
		if err := s.createBucket(ctx); err != nil {
			return err
		}
	}
	return s.refusePublicBucket(ctx)
}

// bucketExists reports whether the service has the bucket.
func (s *Store) bucketExists(ctx context.Context) (bool, error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	exists, err := s.client.BucketExists(ctx, s.bucket)
	if err != nil {
		return false, fmt.Errorf("S3_BUCKET %q at S3_ENDPOINT can't be looked up: %w", s.bucket, err)
	}
	return exists, nil
}

// createBucket creates the bucket. It returns nil if another replica was faster, and an error that
// says what the operator has to change.
func (s *Store) createBucket(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	err := s.client.MakeBucket(ctx, s.bucket, minio.MakeBucketOptions{Region: s.region})
	switch errorCode(err) {
	case "BucketAlreadyOwnedByYou": // another replica was faster
		return nil
	case "BucketAlreadyExists":
		return fmt.Errorf("S3_BUCKET %q belongs to someone else", s.bucket)
	case "AccessDenied":
		return fmt.Errorf("S3_BUCKET %q does not exist and S3_ACCESS_KEY may not create it", s.bucket)
	}
	if err != nil {
		return fmt.Errorf("S3_BUCKET %q can't be created: %w", s.bucket, err)
	}
	return nil
}

// refusePublicBucket returns an error if a client without credentials can read an object or list
// the bucket, or if the service did not answer such a client.
func (s *Store) refusePublicBucket(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 2*callTimeout)
	defer cancel()
	probe := uuid.NewString()
	if err := s.Put(ctx, probe, bytes.NewReader([]byte("probe")), 5, "text/plain"); err != nil {
		return fmt.Errorf("S3_ACCESS_KEY can't write to S3_BUCKET %q: %w", s.bucket, err)
	}
	defer s.Delete(context.WithoutCancel(ctx), probe) //nolint:errcheck // a probe that is left does no harm
	body, _, _, err := s.anonymous.GetObject(ctx, s.bucket, probe, minio.GetObjectOptions{})
	if err == nil {
		body.Close()
		return fmt.Errorf("S3_BUCKET %q can be read by anyone, without a signature: make it private", s.bucket)
	}
	if responseOf(err).StatusCode == 0 {
		return fmt.Errorf("S3_BUCKET %q: asking without a signature: %w", s.bucket, err)
	}
	for o := range s.anonymous.Client.ListObjects(ctx, s.bucket, minio.ListObjectsOptions{MaxKeys: 1}) {
		if o.Err == nil {
			return fmt.Errorf("S3_BUCKET %q can be listed by anyone, without a signature: make it private", s.bucket)
		}
	}
	return nil
}
