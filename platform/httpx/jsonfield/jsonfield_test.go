package jsonfield

import (
	"testing"

	"github.com/danielgtaylor/huma/v2"
	"github.com/go-json-experiment/json"
	"github.com/stretchr/testify/require"
)

type patch struct {
	Title Optional[string] `json:"title,omitzero"`
	Note  Nullable[string] `json:"note,omitzero"`
}

func TestPatch(t *testing.T) {
	value := "x"
	for body, want := range map[string]patch{
		`{}`:                       {},
		`{"title":"x","note":"x"}`: {Optional[string]{Value: &value}, Nullable[string]{Set: true, Value: value}},
		`{"note":null}`:            {Note: Nullable[string]{Set: true, Null: true}},
	} {
		t.Run(body, func(t *testing.T) {
			var got patch
			require.NoError(t, json.Unmarshal([]byte(body), &got))
			require.Equal(t, want, got)
		})
	}
	t.Run("null for a field that can't be cleared", func(t *testing.T) {
		require.ErrorContains(t, json.Unmarshal([]byte(`{"title":null}`), &patch{}), "null is not accepted")
	})
	t.Run("another type", func(t *testing.T) {
		require.Error(t, json.Unmarshal([]byte(`{"title":1}`), &patch{}))
		require.Error(t, json.Unmarshal([]byte(`{"note":1}`), &patch{}))
	})
	t.Run("absent fields are left out", func(t *testing.T) {
		raw, err := json.Marshal(patch{})
		require.NoError(t, err)
		require.Equal(t, `{}`, string(raw))
	})
}

func TestPtr(t *testing.T) {
	require.Nil(t, Nullable[int]{}.Ptr())
	require.Nil(t, Nullable[int]{Set: true, Null: true}.Ptr())
	require.Equal(t, 7, *Nullable[int]{Set: true, Value: 7}.Ptr())
}

func TestSchemas(t *testing.T) {
	r := huma.NewMapRegistry("#/", huma.DefaultSchemaNamer)
	require.False(t, Optional[string]{}.Schema(r).Nullable)
	require.True(t, Nullable[string]{}.Schema(r).Nullable)
	require.Equal(t, huma.TypeString, Nullable[string]{}.Schema(r).Type)
	require.Equal(t, true, Object("").Schema(r).AdditionalProperties)
}

func TestObjectIsWrittenAsItIs(t *testing.T) {
	raw, err := json.Marshal(map[string]any{"data": Object(`{"b":1,"a":2}`)})
	require.NoError(t, err)
	require.Equal(t, `{"data":{"b":1,"a":2}}`, string(raw))
}
