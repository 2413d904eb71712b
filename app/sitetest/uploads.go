package sitetest

import (
	"os"
	"path/filepath"
	"strings"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"
	"github.com/stretchr/testify/require"
)

// Upload sends content to the URL that the answer to POST /storage/uploads names.
func (s *Site) Upload(begun Answer, content string) {
	s.T.Helper()
	headers := Header{}
	for k, v := range begun.Get("upload.headers").(map[string]any) {
		headers[k] = v.(string)
	}
	a := s.Call(begun.Text("upload.method"), begun.Text("upload.url"), "", content, headers)
	require.Less(s.T, a.Status, 300, "%s", a.Raw)
}

// AddAsset uploads a file of the caller from its declaration to its completion.
func (s *Site) AddAsset(token, key, contentType, content string) {
	s.T.Helper()
	begun := s.Want(201, "POST", "/storage/uploads", token,
		map[string]any{"key": key, "content_type": contentType, "size": len(content)})
	s.Upload(begun, content)
	s.Want(200, "POST", "/storage/uploads/"+begun.Text("id")+"/complete", token, nil)
}

// CountStoredObjects returns how many objects the object store of the site holds, finished or not.
func (s *Site) CountStoredObjects() (n int) {
	s.T.Helper()
	if s.Config.S3.Endpoint == "" {
		count := func(_ string, info os.FileInfo, err error) error {
			if err == nil && info.Mode().IsRegular() {
				n++
			}
			return err
		}
		require.NoError(s.T, filepath.Walk(filepath.Join(s.Config.DataDir, "objects"), count))
		return n
	}
	s3 := s.Config.S3
	c, err := minio.New(strings.TrimPrefix(s3.Endpoint, "http://"), &minio.Options{
		Creds: credentials.NewStaticV4(s3.AccessKey, s3.SecretKey, ""), Region: s3.Region,
	})
	require.NoError(s.T, err)
	for o := range c.ListObjects(s.T.Context(), s3.Bucket, minio.ListObjectsOptions{Recursive: true}) {
		require.NoError(s.T, o.Err)
		n++
	}
	for o := range c.ListIncompleteUploads(s.T.Context(), s3.Bucket, "", true) {
		require.NoError(s.T, o.Err)
		n++
	}
	return n
}
