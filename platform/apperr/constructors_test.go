package apperr_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"lyceum/platform/apperr"
)

func TestConstructors(t *testing.T) {
	for name, c := range map[string]struct {
		err        *apperr.Error
		kind       apperr.Kind
		code       string
		retryAfter time.Duration
	}{
		"not found":           {apperr.NotFound("There is no such file."), apperr.KindNotFound, "not-found", 0},
		"forbidden":           {apperr.Forbidden("This needs the role admin."), apperr.KindForbidden, "forbidden", 0},
		"unauthenticated":     {apperr.Unauthenticated(), apperr.KindUnauthenticated, "unauthenticated", 0},
		"invalid token":       {apperr.InvalidToken(), apperr.KindUnauthenticated, "invalid-token", 0},
		"precondition failed": {apperr.PreconditionFailed(), apperr.KindPreconditionFailed, "precondition-failed", 0},
		"malformed":           {apperr.Malformed("Not JSON."), apperr.KindMalformed, "malformed-request", 0},
		"invalid":             {apperr.Invalid("title", "is missing"), apperr.KindInvalid, "validation-failed", 0},
		"unavailable":         {apperr.Unavailable("Later."), apperr.KindUnavailable, "unavailable", 2 * time.Second},
		"storage full":        {apperr.StorageFull(), apperr.KindUnavailable, "storage-full", 30 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			require.Equal(t, c.kind, c.err.Kind)
			require.Equal(t, c.code, c.err.Code)
			require.Equal(t, c.retryAfter, c.err.RetryAfter)
			require.NotEmpty(t, c.err.Title)
			require.NotEmpty(t, c.err.Detail)
			require.True(t, strings.HasSuffix(c.err.Detail, "."), "a detail is a sentence: %s", c.err.Detail)
		})
	}
}

func TestAs(t *testing.T) {
	refusal := apperr.NotFound("There is no such file.")
	outer := apperr.Forbidden("No.").WithCause(refusal)
	for name, c := range map[string]struct {
		err  error
		want *apperr.Error
	}{
		"the error itself":          {refusal, refusal},
		"wrapped twice":             {fmt.Errorf("b: %w", fmt.Errorf("a: %w", refusal)), refusal},
		"beside another one":        {errors.Join(io.EOF, refusal), refusal},
		"as the cause of a refusal": {outer, outer},
		"another type":              {io.EOF, nil},
		"no error":                  {nil, nil},
	} {
		t.Run(name, func(t *testing.T) {
			got, ok := apperr.As(c.err)
			require.Equal(t, c.want != nil, ok)
			require.Equal(t, c.want, got, "the outermost one is the answer")
			require.Equal(t, c.want == refusal, apperr.IsKind(c.err, apperr.KindNotFound))
			require.False(t, apperr.IsKind(c.err, apperr.KindInternal))
		})
	}
}

func TestErrorsAreNotShared(t *testing.T) {
	original := apperr.NotFound("There is no such file.").WithMember("used_by", "nobody")
	var wg sync.WaitGroup
	copies := make([]*apperr.Error, 8)
	for i := range copies {
		wg.Go(func() { copies[i] = original.WithMember("n", i).WithCause(context.Canceled) })
	}
	wg.Wait()
	for i, e := range copies {
		require.Equal(t, map[string]any{"used_by": "nobody", "n": i}, e.Extra)
		require.ErrorIs(t, e, context.Canceled)
		require.NotContains(t, e.Error(), "canceled", "the cause is for the log only")
	}
	require.Equal(t, map[string]any{"used_by": "nobody"}, original.Extra)
	require.NotErrorIs(t, original, context.Canceled)
	require.Equal(t, "everybody", original.WithMember("used_by", "everybody").Extra["used_by"],
		"the last value counts")
}

func TestFieldsOfHostileNames(t *testing.T) {
	for _, location := range []string{"", ".", "[", "body.", "body..a", "a.b.c", strings.Repeat("x.", 1000)} {
		field := apperr.FieldAt(location, "wrong")
		require.NotPanics(t, func() { _ = field.AbsoluteLocation() }, "%.20q", location)
		require.Equal(t, "wrong", field.Message)
	}
	err := apperr.InvalidFields(apperr.FieldAt("query.<script>", "unknown"))
	require.Equal(t, "Please correct <script> (unknown).", err.Detail, "it is JSON, which the console shows as text")
}

func TestMoveUnder(t *testing.T) {
	for _, c := range []struct{ parent, child, want string }{
		{"items", "title", "items.title"},
		{"items", "[2]", "items[2]"},
		{"items", "[2].title", "items[2].title"},
		{"", "title", "title"},
		{"items", "", "items"},
		{"", "", ""},
	} {
		require.Equal(t, c.want, apperr.Field{Location: c.child}.MoveUnder(c.parent).Location, c)
	}
	moved := apperr.FieldAt("query.limit", "too large").MoveUnder("page")
	require.Equal(t, "query.page.limit", moved.AbsoluteLocation(), "the place stays")
}

func TestDeclaredProblems(t *testing.T) {
	catalog, err := apperr.NewCatalog()
	require.NoError(t, err)
	for _, p := range catalog.List() {
		t.Run(p.Code, func(t *testing.T) {
			require.Regexp(t, `^[a-z]+(-[a-z]+)*$`, p.Code)
			require.True(t, strings.HasSuffix(p.Meaning, "."), p.Meaning)
			require.False(t, strings.HasSuffix(p.Title, "."), p.Title)
			found, ok := catalog.FindProblem(p.Code)
			require.True(t, ok)
			require.Equal(t, p, found)
			if p.Kind == apperr.KindInternal {
				require.Equal(t, "internal-error", p.Code, "every other problem blames somebody else")
			}
		})
	}
	_, ok := catalog.FindProblem("")
	require.False(t, ok)
}
