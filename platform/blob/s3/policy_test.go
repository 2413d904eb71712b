package s3

import (
	"lyceum/platform/blob/blobtest"

	"os"
	"strings"
	"testing"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"
	"github.com/stretchr/testify/require"

	"lyceum/platform/testkit"
)

// newLimitedStore has a key that may do what docker/minio-policy.json allows and nothing else, for
// a bucket of its own.
func newLimitedStore(t *testing.T) *Store {
	t.Helper()
	root := newTestStore(t)
	cfg := configOf(testkit.MinIO(t))
	cfg.Bucket = root.bucket
	policy, err := os.ReadFile("../../../docker/minio-policy.json")
	require.NoError(t, err)
	endpoint := "http://" + strings.TrimPrefix(cfg.Endpoint, "http://")
	keys, err := credentials.NewSTSAssumeRole(endpoint,
		credentials.STSAssumeRoleOptions{AccessKey: cfg.AccessKey, SecretKey: cfg.SecretKey,
			Location: "us-east-1", Policy: strings.ReplaceAll(string(policy), ":::lyceum", ":::"+root.bucket)})
	require.NoError(t, err)
	client, err := newClient("S3_ENDPOINT", cfg.Endpoint, cfg, keys)
	require.NoError(t, err)
	return &Store{
		bucket: root.bucket, region: root.region, signer: client, client: &minio.Core{Client: client},
		anonymous: root.anonymous,
	}
}

// F6: everything works with a key that reaches this one bucket, and what that key may not do it
// can't.
func TestS3ConformsWithTheLeastKey(t *testing.T) {
	s := newLimitedStore(t)
	require.NoError(t, s.PrepareBucket(t.Context()))
	t.Run("conformance", func(t *testing.T) { blobtest.Run(t, s) })
	other := newTestStore(t)
	id := blobtest.NewID()
	blobtest.Put(t, other, id, "secret", "text/plain")
	_, err := s.client.StatObject(t.Context(), other.bucket, id, minio.StatObjectOptions{})
	require.Error(t, err, "the key reads another bucket")
	require.Error(t, s.client.MakeBucket(t.Context(), "made-"+id, minio.MakeBucketOptions{}), "the key makes buckets")
	require.Error(t, s.client.SetBucketPolicy(t.Context(), s.bucket, ""), "the key makes its bucket public")
	open, err := isForgeable(t.Context(), s)
	require.NoError(t, err, "forged writes: %v, %v", open, err)
	require.False(t, open, "forged writes: %v, %v", open, err)
}
