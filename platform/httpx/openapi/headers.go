package openapi

import (
	"net/http"
	"strings"

	"lyceum/platform/httpx/csvrows"
	"lyceum/platform/httpx/stream"

	"github.com/danielgtaylor/huma/v2"
)

// OperationOf returns the documented operation of a method, or nil if there is none or it is
// hidden.
func OperationOf(item *huma.PathItem, method string) *huma.Operation {
	if item == nil {
		return nil
	}
	switch method {
	case http.MethodGet:
		return item.Get
	case http.MethodPost:
		return item.Post
	case http.MethodPut:
		return item.Put
	case http.MethodPatch:
		return item.Patch
	case http.MethodDelete:
		return item.Delete
	}
	return nil
}

// The documented headers of versions (RFC 9110 §8.8.3 and §13).
var (
	etagHeader = &huma.Param{Schema: &huma.Schema{Type: huma.TypeString},
		Description: "The version and a digest of the answer, for If-None-Match and If-Match (RFC 9110 8.8.3)"}
	// IfMatchParameter documents If-Match of a change.
	IfMatchParameter = &huma.Param{Name: "If-Match", In: "header", Schema: &huma.Schema{Type: huma.TypeString},
		Description: "ETag of the version that was read; 412 when it is no longer the stored one."}
	ifNoneMatchParam = &huma.Param{Name: "If-None-Match", In: "header", Schema: &huma.Schema{Type: huma.TypeString},
		Description: "ETag of the answer that is known already; 304 when it is still the same."}
)

// Answer describes the parts of an answer that its Go type does not show.
type Answer struct {
	// HasETag, HasLocation and IsList say which headers the answer has: ETag, Location of a 201,
	// and Link.
	HasETag, HasLocation, IsList bool
	// IsRepeatable says that a POST answers 200 if there is nothing to create.
	IsRepeatable bool
	// CSVColumns are the columns of the answer as a table, nil if it can't be one. HasLines says
	// that it may be one JSON value a line.
	CSVColumns []string
	HasLines   bool
	// ContentType is the type of a streamed answer that is not JSON, and Description what it is.
	// SwitchesTo is the protocol that follows a 101.
	ContentType, Description, SwitchesTo string
}

// DocumentResponses returns the documented answers that Huma can't derive from a Go type. failure
// documents every status that is not listed.
func (a Answer) DocumentResponses(failure *huma.Response) map[string]*huma.Response {
	responses := map[string]*huma.Response{"default": failure}
	if a.SwitchesTo != "" {
		responses["101"] = &huma.Response{Description: a.SwitchesTo}
		// Tools for OpenAPI, which knows no protocol but HTTP, expect an answer of success.
		responses["200"] = &huma.Response{
			Description: "Never sent: an upgrade is answered with 101. This stands for what arrives afterwards, " +
				"one JSON object a frame.",
			Content: map[string]*huma.MediaType{jsonType: {Schema: &huma.Schema{Type: huma.TypeObject}}},
		}
	}
	if a.ContentType != "" {
		schema := &huma.Schema{Type: huma.TypeString, Format: "binary"}
		if a.ContentType == jsonType {
			schema = &huma.Schema{Type: huma.TypeObject}
		}
		content := map[string]*huma.MediaType{a.ContentType: {Schema: schema}}
		responses["200"] = &huma.Response{Description: a.Description, Content: content}
	}
	return responses
}

// jsonType is the media type of JSON.
const jsonType = "application/json"

// DocumentContent adds the answers beside the one of the Go type: 200 of a repeated POST, tables,
// lines.
func (a Answer) DocumentContent(op *huma.Operation) {
	switch op.Method {
	case http.MethodPost:
		if a.IsRepeatable {
			op.Responses["200"] = &huma.Response{Description: "It was there already", Content: op.Responses["201"].Content}
		}
	case http.MethodGet:
		if a.CSVColumns != nil {
			op.Responses["200"].Content[csvrows.ContentType] = &huma.MediaType{Schema: &huma.Schema{
				Type: huma.TypeString,
				Description: "With Accept: text/csv all of the list, whatever the page, in the columns " +
					strings.Join(a.CSVColumns, ", "),
			}}
		}
		if a.HasLines {
			op.Responses["200"].Content[stream.LinesType] = &huma.MediaType{Schema: &huma.Schema{Type: huma.TypeString,
				Description: "With Accept: " + stream.LinesType + " all of the list, whatever the page, one item a line"}}
		}
	}
}

// DocumentHeaders removes the headers that an answer does not have and adds its ETag: the Go type,
// which all answers share, has them all. A GET with an ETag also gets If-None-Match and 304.
func (a Answer) DocumentHeaders(op *huma.Operation) {
	for status, response := range op.Responses {
		if status == "default" {
			continue
		}
		if status != "201" || !a.HasLocation {
			delete(response.Headers, "Location")
		}
		if !a.IsList {
			delete(response.Headers, "Link")
		}
		if a.HasETag {
			if response.Headers == nil {
				response.Headers = map[string]*huma.Param{}
			}
			response.Headers["ETag"] = etagHeader
		}
	}
	if a.HasETag && op.Method == http.MethodGet {
		op.Parameters = append(op.Parameters, ifNoneMatchParam)
		op.Responses["304"] = &huma.Response{Description: "The answer is the one that If-None-Match names",
			Headers: map[string]*huma.Param{"ETag": etagHeader}}
	}
}

// DocumentForm documents a body that is accepted and not read, in the given types: some clients of
// one-click links send a form (RFC 8058).
func DocumentForm(op *huma.Operation, types []string) {
	op.RequestBody = &huma.RequestBody{
		Description: "A form, none of whose fields is needed; or nothing", Content: map[string]*huma.MediaType{},
	}
	for _, t := range types {
		op.RequestBody.Content[t] = &huma.MediaType{Schema: &huma.Schema{Type: huma.TypeObject}}
	}
}
