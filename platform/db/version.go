package db

import (
	"context"
	"strconv"
	"strings"

	"lyceum/platform/apperr"
)

type expectKey struct{}

// ExpectVersion returns a context that carries the versions that the caller believes current, in the form of If-Match
// (RFC 9110 section 13.1.1). For "" and "*" it returns ctx: any version will do.
func ExpectVersion(ctx context.Context, ifMatch string) context.Context {
	if ifMatch == "" || strings.TrimSpace(ifMatch) == "*" {
		return ctx
	}
	return context.WithValue(ctx, expectKey{}, ifMatch)
}

// CheckVersion returns an error of kind PreconditionFailed if the caller expected another version than the present one.
// Services call it in the transaction of the change, when the caller is known to have the right: to others the error
// would tell that the resource exists.
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
