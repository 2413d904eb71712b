package httpx

import (
	"bytes"
	"context"
	"io"
	"mime"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"lyceum/platform/apperr"
	"lyceum/platform/httpx/csvrows"
	"lyceum/platform/httpx/expect"
	"lyceum/platform/httpx/problem"
	"lyceum/platform/httpx/requestinfo"
	"lyceum/platform/httpx/strictjson"
	"lyceum/platform/httpx/validation"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humafiber"
	"github.com/gofiber/fiber/v2"
)

// bodyContext is a request whose body is in memory. Huma by itself would read the connection.
type bodyContext struct {
	humaContext
	body []byte
}

// humaContext is embedded under this name, as huma.Context has a method called Context.
type humaContext = huma.Context

// BodyReader returns a reader of the body.
func (b bodyContext) BodyReader() io.Reader { return bytes.NewReader(b.body) }

// Unwrap returns the context of Fiber's adapter.
func (b bodyContext) Unwrap() huma.Context { return b.humaContext }

// checkBody is the middleware that refuses bodies before they are decoded: with 413 for their size, 415 for their
// type and 400 for their syntax. Texts that no field may have, in the query and the body, become TextFaults: the
// answer reports them together with the rules that fields break.
func (s *Server) checkBody(r Route) func(huma.Context, func(huma.Context)) {
	return func(ctx huma.Context, next func(huma.Context)) {
		c := humafiber.Unwrap(ctx)
		body, err := readBody(c, ctx.Operation().RequestBody, r)
		if expect.WillCallAgain(c.Context()) {
			return
		}
		if err == nil {
			requestinfo.FromContext(c.UserContext()).TextFaults = checkQuery(c)
			body, err = s.decodeText(c, body, ctx.Operation(), r.takesCSV)
		}
		if err != nil {
			problem.WriteHuma(ctx, err)
			return
		}
		next(bodyContext{ctx, body})
	}
}

// checkQuery returns a fault for each query parameter that is not text which every database accepts.
func checkQuery(c *fiber.Ctx) (faults validation.Faults) {
	for k, v := range c.Context().QueryArgs().All() {
		if !utf8.Valid(k) || !utf8.Valid(v) || bytes.IndexByte(k, 0) >= 0 || bytes.IndexByte(v, 0) >= 0 {
			name := requestinfo.CleanText(strings.ToValidUTF8(string(k), ""), 50)
			faults = append(faults, apperr.FieldAt("query."+name, "U+0000 and broken UTF-8 are not accepted"))
		}
	}
	return faults
}

// decodeText returns the JSON of a body: the body itself after a check of its text, or what a table stands for. It
// adds rules that a readable text breaks to TextFaults. The media type is in lower case by then: see readBody.
func (s *Server) decodeText(c *fiber.Ctx, body []byte, op *huma.Operation, takesCSV bool) ([]byte, error) {
	if len(body) == 0 {
		return body, nil
	}
	info := requestinfo.FromContext(c.UserContext())
	if !strings.HasPrefix(c.Get(fiber.HeaderContentType), csvrows.ContentType) {
		faults, err := strictjson.CheckText(body)
		if takesCSV {
			table := csvrows.BodyOf(op, s.api.OpenAPI().Components.Schemas)
			faults = append(faults, table.CheckQuery(c.Context().QueryArgs())...)
		}
		info.TextFaults = append(info.TextFaults, faults...)
		return body, err
	}
	c.Request().Header.SetContentType("application/json")
	table := csvrows.BodyOf(op, s.api.OpenAPI().Components.Schemas)
	converted, err := table.ToJSON(body, c.Context().QueryArgs())
	info.TextFaults = append(info.TextFaults, converted.Faults...)
	info.UnreadFields = converted.Unread
	return converted.JSON, err
}

// readBody returns the body, or nil for none, after its type and size were checked.
func readBody(c *fiber.Ctx, documented *huma.RequestBody, r Route) ([]byte, error) {
	types := r.bodyTypes
	if c.Get(fiber.HeaderContentEncoding) != "" {
		return nil, apperr.ProblemUnsupportedMediaType.New("A body may not have a Content-Encoding.")
	}
	if expect.IsFirstCall(c.Context()) {
		return nil, checkBodyHeaders(c, types)
	}
	body, err := readAll(c)
	if err != nil {
		return nil, err
	}
	if len(bytes.TrimSpace(body)) == 0 {
		if documented != nil && documented.Required {
			return nil, missingBody(c, types)
		}
		return nil, nil
	}
	if !isOneOf(c.Get(fiber.HeaderContentType), types) {
		return nil, wrongType(types)
	}
	if r.ignoresForm && !isOneOf(c.Get(fiber.HeaderContentType), []string{jsonType}) {
		return nil, nil
	}
	// Types are case-insensitive (RFC 9110 8.3.1), Huma's table of them is not.
	c.Request().Header.SetContentType(strings.ToLower(c.Get(fiber.HeaderContentType)))
	if (documented == nil || r.ignoresForm) && strings.TrimSpace(string(body)) != "{}" {
		if _, err := strictjson.CheckText(body); err != nil {
			return nil, err
		}
		return nil, validation.InvalidAt("body", "this operation takes no body, or {}")
	}
	return body, nil
}

// checkBodyHeaders refuses a body by its headers, or asks the client for it.
func checkBodyHeaders(c *fiber.Ctx, types []string) error {
	if given := c.Get(fiber.HeaderContentType); given != "" && !isOneOf(given, types) {
		return wrongType(types)
	}
	if c.Request().Header.ContentLength() > strictjson.MaxBytes {
		return tooLarge(c)
	}
	expect.AskForBody(c.Context())
	return nil
}

// isOneOf reports whether a Content-Type is one of types, in UTF-8 or, for tables, another charset that
// programs save.
func isOneOf(contentType string, types []string) bool {
	media, params, err := mime.ParseMediaType(contentType)
	if err != nil || !slices.Contains(types, media) {
		return false
	}
	charset := params["charset"]
	return charset == "" || strings.EqualFold(charset, "utf-8") ||
		media == csvrows.ContentType && csvrows.IsCharset(charset)
}

// missingBody returns the error for an empty body: 415 if its type is wrong, too, else 400.
func missingBody(c *fiber.Ctx, types []string) error {
	ct := c.Get(fiber.HeaderContentType)
	if ct == "" || slices.ContainsFunc(types, func(t string) bool { return strings.HasPrefix(ct, t) }) {
		return apperr.Malformed("The body is missing.")
	}
	return wrongType(types)
}

// wrongType returns the 415 that names the accepted types.
func wrongType(types []string) error {
	return apperr.ProblemUnsupportedMediaType.New("Content-Type must be " + strings.Join(types, " or ") + ".")
}

// readAll reads the body into memory, up to strictjson.MaxBytes.
func readAll(c *fiber.Ctx) ([]byte, error) {
	arriving := c.Context().RequestBodyStream()
	if c.Request().Header.ContentLength() > 5*strictjson.MaxBytes {
		return nil, tooLarge(c) // not even looked at
	}
	if arriving == nil {
		return c.Request().Body(), nil
	}
	body, err := io.ReadAll(io.LimitReader(arriving, strictjson.MaxBytes+1))
	if len(body) > strictjson.MaxBytes {
		return nil, tooLarge(c)
	}
	if err != nil {
		return nil, apperr.Malformed("The body ended early.").WithCause(err)
	}
	return body, nil
}

// tooLarge returns the 413 of a JSON body, after which the connection is closed once the client had time to read
// the answer.
func tooLarge(c *fiber.Ctx) error {
	c.Context().SetConnectionClose()
	lingerAfter(c.Context())
	return apperr.ProblemBodyTooLarge.New("A body may have " + strconv.Itoa(strictjson.MaxBytes) + " bytes.")
}

// receiveUpload is the middleware that takes the place of checkBody for uploads.
func (s *Server) receiveUpload(r Route) func(huma.Context, func(huma.Context)) {
	return func(ctx huma.Context, next func(huma.Context)) {
		check := func(work context.Context) (context.Context, error) {
			if err := checkQuery(humafiber.Unwrap(ctx)).Err(); err != nil {
				return nil, err
			}
			return s.auth.checkCallerAgain(work, r.access)
		}
		err := s.uploads.ReceiveBody(ctx, *r.upload, check, func(work context.Context) {
			next(bodyContext{huma.WithContext(ctx, work), nil})
		})
		if err != nil {
			problem.WriteHuma(ctx, err)
		}
	}
}
