package db

import (
	"context"
	"strconv"
	"strings"

	"lyceum/platform/apperr"
)

type expectKey struct{}

// Expect notes the versions that the caller believes current, in the form of If-Match (RFC 9110 13.1.1).
func Expect(ctx context.Context, ifMatch string) context.Context {
	if ifMatch == "" || strings.TrimSpace(ifMatch) == "*" {
		return ctx
	}
	return context.WithValue(ctx, expectKey{}, ifMatch)
}

// CheckVersion compares what the caller expected with the version as it is now, once the caller is
// known to be allowed: 412 when they differ. Without an expectation it holds.
func CheckVersion(ctx context.Context, version int64) error {
	expected, ok := ctx.Value(expectKey{}).(string)
	if !ok {
		return nil
	}
	for candidate := range strings.SplitSeq(expected, ",") {
		v, _, _ := strings.Cut(strings.Trim(strings.TrimSpace(candidate), `"`), ".")
		if n, err := strconv.ParseInt(v, 10, 64); err == nil && n == version {
			return nil
		}
	}
	return apperr.PreconditionFailed()
}
