package expect

import (
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/valyala/fasthttp"
)

func TestARequestThatComesAtOnce(t *testing.T) {
	ctx := &fasthttp.RequestCtx{}
	require.False(t, IsFirst(ctx))
	require.False(t, AskForBody(ctx), "the handler reads the body")
	require.False(t, WillReturn(ctx))
	require.False(t, End(ctx))
}

func TestACallWithoutABody(t *testing.T) {
	t.Run("refused by its headers", func(t *testing.T) {
		ctx := &fasthttp.RequestCtx{}
		Begin(ctx)
		require.True(t, IsFirst(ctx))
		require.False(t, WillReturn(ctx))
		require.False(t, End(ctx), "the answer of the first call counts")
	})
	t.Run("asked for its body", func(t *testing.T) {
		ctx := &fasthttp.RequestCtx{}
		Begin(ctx)
		require.True(t, AskForBody(ctx), "the handler returns without an answer")
		require.True(t, WillReturn(ctx))
		require.True(t, End(ctx))
		require.False(t, IsFirst(ctx), "the next call has the body")
		require.False(t, AskForBody(ctx))
	})
}
