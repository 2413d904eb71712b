package main

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/valyala/fasthttp"
)

// requestTime bounds a request.
const requestTime = 20 * time.Second

// request is one request and the status that its answer must have.
type request struct {
	method, path string
	// token is an access token, etag the value of If-None-Match and body JSON. Each may be empty.
	token, etag, body string
	want              int
}

// loadClient is an HTTP client with keep-alive connections that costs little beside the server that it drives. It is
// safe for concurrent use.
type loadClient struct {
	base string
	http *fasthttp.HostClient
}

// newLoadClient returns a client of the server at addr, such as "127.0.0.1:8080".
func newLoadClient(addr string, connections int) *loadClient {
	return &loadClient{
		base: "http://" + addr,
		// The wait is for more callers than connections, as while the database is filled.
		http: &fasthttp.HostClient{Addr: addr, MaxConns: connections, MaxConnWaitTimeout: requestTime},
	}
}

// send sends a request and reads the answer into res. It returns an error with the body for an unexpected status. req
// and res are used again and again by one caller.
func (c *loadClient) send(r request, req *fasthttp.Request, res *fasthttp.Response) error {
	req.Reset()
	res.Reset()
	req.SetRequestURI(c.base + r.path)
	req.Header.SetMethod(r.method)
	if r.token != "" {
		req.Header.Set("Authorization", "Bearer "+r.token)
	}
	if r.etag != "" {
		req.Header.Set("If-None-Match", r.etag)
	}
	if r.body != "" {
		req.Header.SetContentType("application/json")
		req.SetBodyString(r.body)
	}
	if err := c.http.DoTimeout(req, res, requestTime); err != nil {
		return fmt.Errorf("%s %s: %w", r.method, r.path, err)
	}
	if res.StatusCode() != r.want {
		return fmt.Errorf("%s %s answered %d instead of %d: %s", r.method, r.path, res.StatusCode(), r.want, res.Body())
	}
	return nil
}

// sendOnce sends a request and returns the body and the ETag of its answer.
func (c *loadClient) sendOnce(r request) (body []byte, etag string, err error) {
	req, res := &fasthttp.Request{}, &fasthttp.Response{}
	err = c.send(r, req, res)
	return res.Body(), string(res.Header.Peek("ETag")), err
}

// call sends body as JSON and reads the JSON of the answer into a value of the type T.
func call[T any](c *loadClient, r request, body any) (answer T, err error) {
	if body != nil {
		raw, err := json.Marshal(body)
		if err != nil {
			return answer, err
		}
		r.body = string(raw)
	}
	raw, _, err := c.sendOnce(r)
	if err != nil {
		return answer, err
	}
	return answer, json.Unmarshal(raw, &answer)
}
