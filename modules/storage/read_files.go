package storage

import (
	"context"
	"errors"
	"io"

	"lyceum/modules/storage/storageapi"
	"lyceum/platform/blob"
	"lyceum/platform/db"
)

// DescribeFiles implements storageapi.FileReader. It describes the completed assets of the keys.
func (s *Service) DescribeFiles(ctx context.Context, keys []string) (map[string]storageapi.File, error) {
	found, err := s.store.findByKeys(ctx, keys)
	out := make(map[string]storageapi.File, len(found))
	for _, a := range found {
		f := storageapi.File{Key: a.Key, ContentType: a.ContentType, Size: a.Size}
		if a.SHA256 != nil {
			f.SHA256 = *a.SHA256
		}
		out[a.Key] = f
	}
	return out, err
}

// OpenFile implements storageapi.FileReader. ok is false if no completed asset has the key, or the
// object store has lost its object.
func (s *Service) OpenFile(ctx context.Context, key string) (r io.ReadCloser, ok bool, err error) {
	a, err := s.store.findByKey(ctx, key)
	if db.IsNotFound(err) || err == nil && a.Status != statusCompleted {
		return nil, false, nil
	}
	if err != nil {
		return nil, false, err
	}
	r, err = s.blobs.Open(ctx, a.ObjectID)
	if errors.Is(err, blob.ErrNotFound) {
		return nil, false, nil
	}
	return r, err == nil, explainStoreError(err)
}
