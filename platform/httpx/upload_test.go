package httpx

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestAnUploadHasNoParametersInItsPath(t *testing.T) {
	require.Panics(t, func() {
		Upload("application/zip", 1)(&Route{op: typed("POST", "/x/{id}", Public, "", finishAnswer[None, Empty](nil), nil).op})
	})
}
