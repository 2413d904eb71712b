package expect

import (
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/valyala/fasthttp"
)

func TestARequestThatComesAtOnce(t *testing.T) {
	ctx := &fasthttp.RequestCtx{}
	require.False(t, IsFirstCall(ctx))
	require.False(t, AskForBody(ctx), "the handler reads the body")
	require.False(t, WillCallAgain(ctx))
	require.False(t, EndFirstCall(ctx))
}

func TestACallWithoutABody(t *testing.T) {
	t.Run("refused by its headers", func(t *testing.T) {
		ctx := &fasthttp.RequestCtx{}
		BeginFirstCall(ctx)
		require.True(t, IsFirstCall(ctx))
		require.False(t, WillCallAgain(ctx))
		require.False(t, EndFirstCall(ctx), "the answer of the first call counts")
	})
	t.Run("asked for its body", func(t *testing.T) {
		ctx := &fasthttp.RequestCtx{}
		BeginFirstCall(ctx)
		require.True(t, AskForBody(ctx), "the handler returns without an answer")
		require.True(t, WillCallAgain(ctx))
		require.True(t, EndFirstCall(ctx))
		require.False(t, IsFirstCall(ctx), "the next call has the body")
		require.False(t, AskForBody(ctx))
	})
}
