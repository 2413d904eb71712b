// Package s3 keeps objects in a bucket of a service that is compatible with S3, such as MinIO. It
// implements blob.Store over minio-go; no type of that library leaves it.
//
// Every call has a deadline: 2.5 s until the service answers, and 30 s without a byte while content
// moves. Signing makes no request. PrepareBucket creates the bucket at the start, if it is missing,
// and refuses a bucket that anyone can read.
//
//	New             checks the configuration
//	PrepareBucket   once at the start: create, write a probe, ask for it without a signature
//	PresignPut/Get  local; the signature covers size, type, checksum and life
//	Put             streams; content of another length than announced is never stored
package s3
