package apperr_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"lyceum/platform/apperr"
)

var problemClosed = apperr.Problem{
	Kind:    apperr.KindConflict,
	Code:    "shop-closed",
	Title:   "Shop closed",
	Meaning: "The shop is closed. Come back tomorrow.",
}

func TestErrorsOfAProblem(t *testing.T) {
	err := problemClosed.New("It closed at six.")
	require.Equal(t, apperr.KindConflict, err.Kind)
	require.Equal(t, "shop-closed: It closed at six.", err.Error())

	t.Run("copies with a cause or a member stay the same problem", func(t *testing.T) {
		cause := errors.New("the key is lost")
		wrapped := fmt.Errorf("opening: %w", err.WithCause(cause).WithMember("until", "six"))
		require.ErrorIs(t, wrapped, problemClosed.New("another detail"))
		require.ErrorIs(t, wrapped, cause)
		require.NotErrorIs(t, wrapped, apperr.NotFound("x"))
		require.True(t, apperr.IsKind(wrapped, apperr.KindConflict))
		require.False(t, apperr.IsKind(cause, apperr.KindInternal), "an error of another type has no kind")
		require.Nil(t, err.Extra, "the original is not changed")
		require.NoError(t, errors.Unwrap(err))
	})
	t.Run("faults of the server", func(t *testing.T) {
		require.True(t, apperr.ProblemInternalError.New("").IsFault())
		require.True(t, apperr.StorageFull().IsFault())
		require.False(t, err.IsFault())
		require.True(t, (&apperr.Error{}).IsFault(), "an error whose kind was forgotten blames the server")
	})
}

func TestFields(t *testing.T) {
	t.Run("absolute locations", func(t *testing.T) {
		for absolute, field := range map[string]apperr.Field{
			"body":                  {},
			"body.title":            {Location: "title"},
			"body.body":             {Location: "body"},
			"body[2].email":         {Location: "[2].email"},
			"query.limit":           {Location: "limit", Place: apperr.InQuery},
			"path.slug":             {Location: "slug", Place: apperr.InPath},
			"header.If-Match":       {Location: "If-Match", Place: apperr.InHeader},
			"body.items[0].choices": {Location: "items[0].choices"},
		} {
			require.Equal(t, absolute, field.AbsoluteLocation())
			field.Message = "wrong"
			require.Equal(t, field, apperr.FieldAt(absolute, "wrong"))
		}
	})
	t.Run("a document inside of a body", func(t *testing.T) {
		err := apperr.MoveFieldsUnder("course.json", apperr.InvalidFields(
			apperr.Field{Location: "title", Message: "too long"}, apperr.Field{Location: "[1]"}))
		e, ok := apperr.As(err)
		require.True(t, ok)
		require.Equal(t, "body.course.json.title", e.Fields[0].AbsoluteLocation())
		require.Equal(t, "body.course.json[1]", e.Fields[1].AbsoluteLocation())

		e, ok = apperr.As(apperr.MoveFieldsUnder("course.json", apperr.Malformed("Not JSON.")))
		require.True(t, ok)
		require.Equal(t, apperr.KindInvalid, e.Kind)
		require.Equal(t, []apperr.Field{{Location: "course.json", Message: "Not JSON."}}, e.Fields)

		other := errors.New("disk")
		require.Equal(t, other, apperr.MoveFieldsUnder("course.json", other))
	})
	t.Run("the detail spells out the first three", func(t *testing.T) {
		fields := []apperr.Field{
			{Message: "empty"}, {Location: "a", Message: "1"}, {Location: "b", Message: "2"}, {Location: "c", Message: "3"},
		}
		require.Equal(t, "Please correct body (empty), a (1), b (2) and 1 more.",
			apperr.InvalidFields(fields...).Detail)
		require.Equal(t, "Something in the request is not accepted.", apperr.InvalidFields().Detail)
	})
}

func TestNewCatalog(t *testing.T) {
	catalog, err := apperr.NewCatalog([]apperr.Problem{problemClosed})
	require.NoError(t, err)
	found, ok := catalog.FindProblem("shop-closed")
	require.True(t, ok)
	require.Equal(t, problemClosed, found)
	_, ok = catalog.FindProblem("shop-open")
	require.False(t, ok)
	list := catalog.List()
	require.Len(t, list, 1+len(apperr.CommonProblems)+len(apperr.HTTPProblems))
	require.IsIncreasing(t, codesOf(list))

	t.Run("refuses a code that is declared twice", func(t *testing.T) {
		_, err := apperr.NewCatalog([]apperr.Problem{problemClosed}, []apperr.Problem{problemClosed})
		require.ErrorContains(t, err, `"shop-closed" is declared twice`)
		_, err = apperr.NewCatalog([]apperr.Problem{apperr.ProblemNotFound})
		require.ErrorContains(t, err, "declared twice")
	})
	t.Run("refuses a declaration without its texts", func(t *testing.T) {
		_, err := apperr.NewCatalog([]apperr.Problem{{Code: "mute"}})
		require.ErrorContains(t, err, "needs a code, a title and a meaning")
	})
}

func codesOf(problems []apperr.Problem) (codes []string) {
	for _, p := range problems {
		codes = append(codes, p.Code)
	}
	return codes
}
