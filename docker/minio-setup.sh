#!/bin/sh
# Makes the bucket and the one key that Lyceum gets: it reaches this bucket and nothing else.
# Safe to run again.
set -eu
mc alias set local http://minio:9000 "$MINIO_ROOT_USER" "$MINIO_ROOT_PASSWORD" >/dev/null
mc mb --ignore-existing "local/$S3_BUCKET"
mc anonymous set none "local/$S3_BUCKET"
mc admin policy create local lyceum /setup/minio-policy.json
mc admin user add local "$S3_ACCESS_KEY" "$S3_SECRET_KEY"
mc admin policy attach local lyceum --user "$S3_ACCESS_KEY" 2>/dev/null ||
	mc admin policy entities local --user "$S3_ACCESS_KEY" # attached by an earlier run
