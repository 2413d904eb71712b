package main

import (
	"context"
	"crypto/rand"
	"errors"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"
)

// services says where PostgreSQL, Redis and MinIO are. The zero value means that Lyceum uses its embedded parts.
type services struct {
	// adminURL is a database on the server, and database the name of the one that this run has made.
	adminURL, database string
	// databaseURL leads to database.
	databaseURL string
	redisURL    string
	s3          s3Access
}

// s3Access is where the object store is and how to sign in.
type s3Access struct{ endpoint, accessKey, secretKey, bucket string }

// region is the region of the bucket. It is given everywhere, so that signing needs no request.
const region = "us-east-1"

// removalTime bounds the removal of the database and the bucket.
const removalTime = 15 * time.Second

// findServices returns the services that the TEST_* variables name, which tools/services sets. It returns an error if
// one is missing.
func findServices(lookUp func(string) string) (s services, err error) {
	s.adminURL, s.redisURL = lookUp("TEST_DATABASE_URL"), lookUp("TEST_REDIS_URL")
	s.s3 = s3Access{
		endpoint: lookUp("TEST_S3_ENDPOINT"), accessKey: lookUp("TEST_S3_ACCESS_KEY"),
		secretKey: lookUp("TEST_S3_SECRET_KEY"),
	}
	if s.adminURL == "" || s.redisURL == "" || s.s3.endpoint == "" {
		return s, errors.New("PostgreSQL, Redis and MinIO are needed: run go tool task bench:compare, or use -sqlite")
	}
	return s, nil
}

// prepareServices finds the services, makes a database and chooses the name of a bucket, which Lyceum makes.
func prepareServices(ctx context.Context) (services, error) {
	s, err := findServices(os.Getenv)
	if err != nil {
		return services{}, err
	}
	unique := strings.ToLower(rand.Text())
	s.database, s.s3.bucket = "bench_"+unique, "lyceum-bench-"+unique
	if s.databaseURL, err = replaceDatabase(s.adminURL, s.database); err != nil {
		return services{}, err
	}
	if err := runSQL(ctx, s.adminURL, "CREATE DATABASE "+pgx.Identifier{s.database}.Sanitize()); err != nil {
		return services{}, err
	}
	return s, nil
}

// replaceDatabase returns the URL of another database on the same server.
func replaceDatabase(base, name string) (string, error) {
	u, err := url.Parse(base)
	if err != nil {
		return "", err
	}
	u.Path = "/" + name
	return u.String(), nil
}

// areReal reports whether there are services beside the process of Lyceum.
func (s services) areReal() bool { return s.databaseURL != "" }

// remove drops the database and the bucket with its objects. It ignores errors: the services may have ended before.
func (s services) remove() {
	ctx, cancel := context.WithTimeout(context.Background(), removalTime)
	defer cancel()
	_ = runSQL(ctx, s.adminURL, "DROP DATABASE IF EXISTS "+pgx.Identifier{s.database}.Sanitize()+" WITH (FORCE)")
	client, err := newS3Client(s.s3)
	if err == nil {
		_ = client.RemoveBucketWithOptions(ctx, s.s3.bucket, minio.RemoveBucketOptions{ForceDelete: true})
	}
}

// tidyDatabase does what autovacuum would do at some moment in the measurement: it removes the rows that reports have
// left behind, and counts the rest for the planner.
func (s services) tidyDatabase(ctx context.Context) error {
	if !s.areReal() {
		return nil
	}
	return runSQL(ctx, s.databaseURL, "VACUUM ANALYZE")
}

// runSQL runs one statement on a connection of its own.
func runSQL(ctx context.Context, databaseURL, statement string) error {
	conn, err := pgx.Connect(ctx, databaseURL)
	if err != nil {
		return err
	}
	_, err = conn.Exec(ctx, statement)
	return errors.Join(err, conn.Close(ctx))
}

// newS3Client returns a client of the object store. It makes no request.
func newS3Client(s s3Access) (*minio.Client, error) {
	keys := credentials.NewStaticV4(s.accessKey, s.secretKey, "")
	return minio.New(s.endpoint, &minio.Options{Creds: keys, Region: region})
}
