package problem

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humafiber"
	"github.com/gofiber/fiber/v2"
	"github.com/stretchr/testify/require"

	"lyceum/platform/apperr"
	"lyceum/platform/httpx/requestinfo"
	"lyceum/platform/httpx/validation"
)

var errConflict = apperr.Problem{
	Kind: apperr.KindConflict, Code: "in-use", Title: "In use",
}.New("The file is used by a course.")

func TestFrom(t *testing.T) {
	ctx := requestinfo.NewContext(t.Context(), &requestinfo.Info{ID: "12345678", Path: "/files/1"})
	t.Run("an error of the vocabulary", func(t *testing.T) {
		p := FromError(ctx, errConflict)
		require.Equal(t, &Problem{
			Type:     "/problems/in-use",
			Code:     "in-use",
			Title:    "In use",
			Status:   409,
			Detail:   "The file is used by a course.",
			Instance: "/files/1", RequestID: "12345678",
		}, &Problem{
			Type: p.Type, Code: p.Code, Title: p.Title, Status: p.Status, Detail: p.Detail, Instance: p.Instance,
			RequestID: p.RequestID,
		})
	})
	t.Run("fields at their places", func(t *testing.T) {
		p := FromError(ctx,
			apperr.InvalidFields(apperr.Field{Location: "title", Message: "is missing"},
				apperr.FieldAt("query.limit", "is too large")))
		require.Equal(t, 422, p.Status)
		require.Equal(t, []string{"body.title", "query.limit"}, []string{p.Errors[0].Location, p.Errors[1].Location})
	})
	t.Run("no more than maxFields", func(t *testing.T) {
		var fields []apperr.Field
		for i := range 2 * maxFields {
			fields = append(fields, apperr.FieldAt("body."+strconv.Itoa(i), "is wrong"))
		}
		require.Len(t, FromError(ctx, apperr.InvalidFields(fields...)).Errors, maxFields)
	})
	t.Run("an error of the program keeps its text", func(t *testing.T) {
		p := FromError(ctx, errors.New("secret of the program"))
		require.Equal(t, 500, p.Status)
		require.NotContains(t, p.Error(), "secret")
	})
	t.Run("a problem stays as it is", func(t *testing.T) {
		p := FromError(ctx, errConflict)
		require.Same(t, p, FromError(ctx, errors.Join(errors.New("around"), p)))
	})
	for status, code := range map[int]string{
		404: "not-found", 405: "method-not-allowed", 413: "body-too-large", 431: "header-too-large",
		426: "upgrade-required", 415: "unsupported-media-type", 408: "request-timeout",
	} {
		t.Run("the framework's "+strconv.Itoa(status), func(t *testing.T) {
			p := FromError(ctx, fiber.NewError(status, "secret"))
			require.Equal(t, []any{status, code}, []any{p.Status, p.Code})
			require.NotContains(t, p.Detail, "secret")
		})
	}
}

func TestStatusOf(t *testing.T) {
	for kind := range statuses {
		require.GreaterOrEqual(t, StatusOf(kind), 400)
	}
	require.Equal(t, 500, StatusOf(apperr.Kind(-1)), "an unknown kind blames the server")
}

func TestMarshalJSON(t *testing.T) {
	raw, err := json.Marshal(FromError(t.Context(), errConflict.WithMember("used_by", []string{"a course"})))
	require.NoError(t, err)
	require.JSONEq(t, `{"type": "/problems/in-use", "code": "in-use", "title": "In use", "status": 409,
		"detail": "The file is used by a course.", "used_by": ["a course"]}`, string(raw))
}

func TestSetHeaders(t *testing.T) {
	limited := apperr.Unavailable("Later.")
	limited.Limit = &apperr.Limit{Name: "api", Quota: 10, Remaining: 3, Window: time.Minute, Reset: 2 * time.Second}
	for name, c := range map[string]struct {
		err  error
		want http.Header
	}{
		"nothing":          {errConflict, http.Header{}},
		"no token":         {apperr.Unauthenticated(), http.Header{"Www-Authenticate": {"Bearer"}}},
		"an invalid token": {apperr.InvalidToken(), http.Header{"Www-Authenticate": {`Bearer error="invalid_token"`}}},
		"a limit": {limited, http.Header{
			"Retry-After": {"2"}, "Ratelimit": {`"api";r=3;t=2`}, "Ratelimit-Policy": {`"api";q=10;w=60`},
		}},
	} {
		t.Run(name, func(t *testing.T) {
			header := http.Header{}
			FromError(t.Context(), c.err).SetHeaders(header.Set)
			require.Equal(t, c.want, header)
		})
	}
}

type input struct {
	Body struct {
		Name string `json:"name" minLength:"3"`
		Role string `json:"role"`
	}
}

func (in *input) Resolve(ctx huma.Context) []error { return validation.CheckInput(ctx, in) }

func TestAnswers(t *testing.T) {
	huma.NewErrorWithContext = FromHuma
	app := fiber.New(fiber.Config{DisableStartupMessage: true, ErrorHandler: Write})
	app.Get("/fiber", func(*fiber.Ctx) error { return errConflict })
	api := humafiber.New(app, huma.DefaultConfig("test", "1"))
	op := huma.Operation{Method: http.MethodPost, Path: "/huma"}
	validation.AttachRules(&op, func(_ context.Context, in *input) (faults validation.Faults) {
		if in.Body.Name != "okay" {
			faults.Add("name", errors.New("is not okay"))
		}
		faults.Add("role", errors.New("is not known"))
		return faults
	})
	huma.Register(api, op,
		func(ctx context.Context, _ *input) (*struct{}, error) { return nil, NewHandlerError(ctx, errConflict) })
	middleware := huma.Operation{Method: http.MethodGet, Path: "/middleware", Middlewares: huma.Middlewares{
		func(ctx huma.Context, _ func(huma.Context)) { WriteHuma(ctx, apperr.InvalidToken()) },
	}}
	huma.Register(api, middleware, func(context.Context, *struct{}) (*struct{}, error) { return nil, nil })
	for name, c := range map[string]struct {
		method, path, body string
		status             int
		contains           []string
	}{
		"Fiber":        {"GET", "/fiber", "", 409, []string{`"in-use"`}},
		"no route":     {"GET", "/nowhere", "", 404, []string{`"not-found"`}},
		"a middleware": {"GET", "/middleware", "", 401, []string{`"invalid-token"`}},
		"schema and rules": {
			"POST", "/huma", `{"name":"x","role":"x"}`, 422,
			[]string{`"body.name"`, `"body.role"`, "is not known"},
		},
		"an absent field":     {"POST", "/huma", `{"name":"okay"}`, 422, []string{`"body.role"`, "is missing"}},
		"rules alone":         {"POST", "/huma", `{"name":"okay","role":"x"}`, 422, []string{"is not known"}},
		"a wrong type":        {"POST", "/huma", `{"name":["secret"],"role":"x"}`, 422, nil},
		"a wrong body":        {"POST", "/huma", `{`, 422, nil},
		"the value is hidden": {"POST", "/huma", `{"name":"s!","role":"x"}`, 422, nil},
	} {
		t.Run(name, func(t *testing.T) {
			req := httptest.NewRequest(c.method, c.path, strings.NewReader(c.body))
			req.Header.Set("Content-Type", "application/json")
			answer, err := app.Test(req)
			require.NoError(t, err)
			raw, err := io.ReadAll(answer.Body)
			require.NoError(t, err)
			require.Equal(t, c.status, answer.StatusCode, "%s", raw)
			require.Equal(t, ContentType, answer.Header.Get("Content-Type"))
			for _, text := range c.contains {
				require.Contains(t, string(raw), text)
			}
			require.NotContains(t, string(raw), "secret")
			require.NotContains(t, string(raw), "s!")
			if strings.Contains(c.body, `"x","role"`) {
				require.NotContains(t, string(raw), "is not okay", "the schema has refused the field")
			}
		})
	}
}
