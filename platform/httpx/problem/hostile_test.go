package problem

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/danielgtaylor/huma/v2"
	"github.com/gofiber/fiber/v2"
	"github.com/stretchr/testify/require"

	"lyceum/platform/apperr"
	"lyceum/platform/httpx/requestinfo"
)

// Whatever Huma says of a request, the answer repeats no value of it.
func TestFromHumaKeepsValuesSecret(t *testing.T) {
	secret := &huma.ErrorDetail{Message: "expected length >= 12", Location: "body.password", Value: "hunter2"}
	for status, want := range map[int]string{
		http.StatusBadRequest: "validation-failed", http.StatusUnprocessableEntity: "validation-failed",
		http.StatusRequestEntityTooLarge: "body-too-large", http.StatusUnsupportedMediaType: "unsupported-media-type",
		http.StatusRequestTimeout: "request-timeout", http.StatusTeapot: "malformed-request",
		http.StatusInternalServerError: "internal-error", http.StatusBadGateway: "internal-error",
	} {
		t.Run(fmt.Sprint(status), func(t *testing.T) {
			err := FromHuma(nil, status, "value hunter2 is wrong", secret)
			var p *Problem
			require.ErrorAs(t, err, &p)
			require.Equal(t, want, p.Code)
			require.Equal(t, p.Status, err.GetStatus())
			raw, marshalErr := json.Marshal(p)
			require.NoError(t, marshalErr)
			require.NotContains(t, string(raw), "hunter2")
		})
	}
	bare := FromHuma(nil, http.StatusBadRequest, "unexpected EOF")
	var p *Problem
	require.ErrorAs(t, bare, &p)
	require.Equal(t, "malformed-request", p.Code, "nothing is known of the fields")
}

func TestFaultsOfTheBodyComeFirst(t *testing.T) {
	info := &requestinfo.Info{TextFaults: []apperr.Field{apperr.FieldAt("body.a", "the name stands there twice")}}
	ctx := requestinfo.NewContext(t.Context(), info)
	p := FromError(ctx, apperr.InvalidFields(info.TextFaults...))
	require.Equal(t, "body.a", p.Errors[0].Location)
	require.Len(t, info.TextFaults, 1, "the faults of the request are not changed")
}

func TestErrorsOfOneProblem(t *testing.T) {
	for name, err := range map[string]error{
		"wrapped":    fmt.Errorf("store: %w", errConflict),
		"joined":     errors.Join(context.Canceled, errConflict),
		"with cause": errConflict.WithCause(errors.New("secret")),
	} {
		t.Run(name, func(t *testing.T) {
			p := FromError(t.Context(), err)
			require.Equal(t, []any{409, "in-use"}, []any{p.Status, p.Code})
			require.NotContains(t, p.Error(), "secret")
		})
	}
	odd := FromError(t.Context(), &fiber.Error{Code: 299, Message: "secret"})
	require.Equal(t, []any{400, "malformed-request"}, []any{odd.Status, odd.Code},
		"a status that is no error of HTTP")
}

func TestManyMembers(t *testing.T) {
	e := errConflict
	for i := range 50 {
		e = e.WithMember(fmt.Sprintf("member_%02d", i), strings.Repeat("x", i))
	}
	raw, err := json.Marshal(FromError(t.Context(), e))
	require.NoError(t, err)
	var members map[string]any
	require.NoError(t, json.Unmarshal(raw, &members))
	require.Len(t, members, 50+5, "type, code, title, status, detail and the members of the code")
	_, err = json.Marshal(FromError(t.Context(), errConflict.WithMember("broken", make(chan int))))
	require.Error(t, err, "a value that is no JSON is not left out silently")
}
