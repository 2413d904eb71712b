package openapi

import (
	"reflect"
	"testing"

	"github.com/stretchr/testify/require"
)

type hiddenView struct{ ID string }

type VisibleView struct{ ID string }

type loopView struct{ Next *loopView }

func TestFindHiddenEmbedding(t *testing.T) {
	for want, answer := range map[string]reflect.Type{
		"openapi.hiddenView": reflect.TypeFor[*struct{ Items []struct{ hiddenView } }](),
		"":                   reflect.TypeFor[struct{ VisibleView }](),
	} {
		require.Equal(t, want, FindHiddenEmbedding(answer))
	}
	require.Empty(t, FindHiddenEmbedding(reflect.TypeFor[struct{ View hiddenView }]()), "a field of its own")
	require.Empty(t, FindHiddenEmbedding(reflect.TypeFor[loopView]()))
	require.Empty(t, FindHiddenEmbedding(reflect.TypeFor[string]()))
}
