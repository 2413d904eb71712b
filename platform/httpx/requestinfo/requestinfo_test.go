package requestinfo

import (
	"context"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestFrom(t *testing.T) {
	t.Run("in a request", func(t *testing.T) {
		info := &Info{ID: "12345678", Method: http.MethodHead, PreferredType: "text/csv"}
		ctx, cancel := context.WithCancel(NewContext(t.Context(), info))
		defer cancel()
		require.Same(t, info, FromContext(ctx))
		require.True(t, IsRequest(ctx))
		require.True(t, IsHead(ctx))
		require.True(t, PrefersType(ctx, "text/csv"))
		require.False(t, PrefersType(ctx, "application/x-ndjson"))
	})
	t.Run("outside of a request", func(t *testing.T) {
		require.Equal(t, &Info{}, FromContext(t.Context()))
		require.False(t, IsRequest(t.Context()))
		require.False(t, IsHead(t.Context()))
		require.Empty(t, OriginOf(t.Context()))
	})
}

func TestOrigin(t *testing.T) {
	origins := NewOrigins("https://school.example", nil, false)
	for host, want := range map[string]string{"school.example": "https://school.example", "evil.example": ""} {
		ctx := NewContext(t.Context(), &Info{Host: host, Origins: origins})
		require.Equal(t, want, OriginOf(ctx), host)
	}
}
