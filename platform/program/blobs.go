package program

import (
	"path/filepath"
	"time"

	"go.uber.org/fx"

	"lyceum/platform/blob"
	"lyceum/platform/blob/folder"
	"lyceum/platform/blob/s3"
	"lyceum/platform/config"
	"lyceum/platform/keyring"
)

// blobParts is the object store, and the folder or the bucket behind it; the other one is nil.
type blobParts struct {
	fx.Out
	// Store is what modules use. Its requests are made outside of transactions.
	Store  blob.Store
	Folder *folder.Store
	Bucket *s3.Store
}

// openBlobs opens a folder under DATA_DIR, or S3 if S3_ENDPOINT is set. It makes no request: Start
// prepares the bucket.
func openBlobs(c *config.Config, k *keyring.Keys) (blobParts, error) {
	if c.S3.Endpoint == "" {
		dir := filepath.Join(c.DataDir, "objects")
		f, err := folder.Open(dir, c.PublicURL, k.DeriveKey("object urls"), time.Now)
		return blobParts{Store: outsideBlobs{f}, Folder: f}, err
	}
	s, err := OpenBucket(c)
	if err != nil {
		return blobParts{}, err
	}
	return blobParts{Store: outsideBlobs{s}, Bucket: s}, nil
}

// OpenBucket returns the bucket of the configuration, which must have one. It makes no request. It returns a *ServiceError
// for settings that can't be used.
func OpenBucket(c *config.Config) (*s3.Store, error) {
	s, err := s3.New(s3.Config{
		Endpoint: c.S3.Endpoint, PublicEndpoint: c.S3.PublicEndpoint, Bucket: c.S3.Bucket,
		AccessKey: c.S3.AccessKey, SecretKey: c.S3.SecretKey, Region: c.S3.Region, UseTLS: c.S3.UseTLS,
	})
	if err != nil {
		return nil, &ServiceError{"S3_ENDPOINT", err}
	}
	return s, nil
}
