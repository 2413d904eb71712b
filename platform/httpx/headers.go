package httpx

import (
	"net/http"

	"github.com/danielgtaylor/huma/v2"
)

// operationOf returns the documented operation of a method; nil when it is hidden.
func operationOf(item *huma.PathItem, method string) *huma.Operation {
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

var (
	etagHeader = &huma.Param{Schema: &huma.Schema{Type: huma.TypeString},
		Description: "The version and a digest of the answer, for If-None-Match and If-Match (RFC 9110 8.8.3)"}
	ifNoneMatchParam = &huma.Param{Name: "If-None-Match", In: "header", Schema: &huma.Schema{Type: huma.TypeString},
		Description: "ETag of the answer that is known already; 304 when it is still the same."}
)

// documentHeaders leaves each answer with the headers that it has: Location where something was made, Link on lists, ETag
// where there is one. An answer type alone would list them all everywhere.
func documentHeaders(op *huma.Operation, r Route) {
	for status, response := range op.Responses {
		if status == "default" {
			continue
		}
		if status != "201" || r.unlocated {
			delete(response.Headers, "Location")
		}
		if !r.isList {
			delete(response.Headers, "Link")
		}
		if r.tagged {
			if response.Headers == nil {
				response.Headers = map[string]*huma.Param{}
			}
			response.Headers["ETag"] = etagHeader
		}
	}
	if r.ignoresForm {
		op.RequestBody = &huma.RequestBody{Description: "A form, none of whose fields is needed; or nothing", Content: map[string]*huma.MediaType{}}
		for _, t := range formTypes {
			op.RequestBody.Content[t] = &huma.MediaType{Schema: &huma.Schema{Type: huma.TypeObject}}
		}
	}
	if r.tagged && op.Method == http.MethodGet {
		op.Parameters = append(op.Parameters, ifNoneMatchParam)
		op.Responses["304"] = &huma.Response{Description: "The answer is the one that If-None-Match names",
			Headers: map[string]*huma.Param{"ETag": etagHeader}}
	}
}
