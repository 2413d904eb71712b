package validation

import (
	"context"
	"errors"
	"net/http"
	"testing"

	"github.com/danielgtaylor/huma/v2"
	"github.com/stretchr/testify/require"

	"lyceum/platform/apperr"
)

func TestFaults(t *testing.T) {
	var f Faults
	require.NoError(t, f.Err())
	f.Add("email", nil)
	require.Empty(t, f)
	f.Add("email", errors.New("is no address"))
	f.Add("role", apperr.Malformed("is unknown"))
	f.Add("ignored", apperr.InvalidFields(apperr.FieldAt("query.a", "one"), apperr.FieldAt("query.b", "two")))
	require.Equal(t, Faults{
		{Location: "email", Message: "is no address"}, {Location: "role", Message: "is unknown"},
		apperr.FieldAt("query.a", "one"), apperr.FieldAt("query.b", "two"),
	}, f)
	e, ok := apperr.As(f.Err())
	require.True(t, ok)
	require.Equal(t, apperr.KindInvalid, e.Kind)
	require.Len(t, e.Fields, 4)
}

func TestInvalidAt(t *testing.T) {
	e := InvalidAt("query.cursor", "is not valid")
	require.Equal(t, apperr.KindInvalid, e.Kind)
	require.Equal(t, "query.cursor", e.Fields[0].AbsoluteLocation())
}

type checked struct{ Name string }

func (in *checked) Resolve(ctx huma.Context) []error { return CheckInput(ctx, in) }

type unchecked struct{ Name string }

// humaContext is embedded under this name, as huma.Context has a method called Context.
type humaContext = huma.Context

// operationContext is a request of an operation.
type operationContext struct {
	humaContext
	op *huma.Operation
}

func (c operationContext) Operation() *huma.Operation { return c.op }
func (c operationContext) Context() context.Context   { return context.Background() }

func TestCheck(t *testing.T) {
	op := &huma.Operation{}
	ctx := operationContext{op: op}
	t.Run("an operation without rules", func(t *testing.T) {
		require.Empty(t, (&checked{"x"}).Resolve(ctx))
	})
	AttachRules(op, func(_ context.Context, in *checked) (faults Faults) {
		if in.Name == "x" {
			faults.Add("name", errors.New("is taken"))
		}
		return faults
	})
	t.Run("a fault", func(t *testing.T) {
		errs := (&checked{"x"}).Resolve(ctx)
		require.Len(t, errs, 1)
		require.EqualError(t, errs[0], "body.name: is taken")
		var f *FieldError
		require.ErrorAs(t, errs[0], &f)
		require.Equal(t, http.StatusUnprocessableEntity, f.GetStatus())
	})
	t.Run("no fault", func(t *testing.T) {
		require.Empty(t, (&checked{"y"}).Resolve(ctx))
	})
	t.Run("an input that would never be checked", func(t *testing.T) {
		require.Panics(t, func() { AttachRules(op, func(context.Context, *unchecked) Faults { return nil }) })
	})
}
