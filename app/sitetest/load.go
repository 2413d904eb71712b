package sitetest

import (
	"encoding/json"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/valyala/fasthttp"
)

// GCPercent is the garbage collector's target under which benchmarks run; app/serve.go sets the same.
const GCPercent = 200

// LoadClient is an HTTP client that costs little beside the server that it drives.
type LoadClient struct {
	B      *testing.B
	Client *fasthttp.HostClient
}

// NewLoadClient returns a client of the server at addr, such as "127.0.0.1:8080".
func NewLoadClient(b *testing.B, addr string) *LoadClient {
	return &LoadClient{b, &fasthttp.HostClient{Addr: addr, MaxConns: 256}}
}

// NewLoadClient returns a client of the site.
func (s *Site) NewLoadClient(b *testing.B) *LoadClient {
	return NewLoadClient(b, s.Running.Addr.String())
}

// Try sends a request and returns the status of its answer, 0 if there is none. headers holds names
// and values in turn.
func (c *LoadClient) Try(method, path, token, body string, headers ...string) int {
	req, res := fasthttp.AcquireRequest(), fasthttp.AcquireResponse()
	defer fasthttp.ReleaseRequest(req)
	defer fasthttp.ReleaseResponse(res)
	req.SetRequestURI("http://" + c.Client.Addr + path)
	req.Header.SetMethod(method)
	for i := 0; i+1 < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	if body != "" {
		req.Header.SetContentType("application/json")
		req.SetBodyString(body)
	}
	if err := c.Client.DoTimeout(req, res, 10*time.Second); err != nil {
		return 0
	}
	return res.StatusCode()
}

// Post sends JSON and returns that of the answer, which must be 200.
func (c *LoadClient) Post(path string, body any) map[string]any {
	raw, err := json.Marshal(body)
	if err != nil {
		c.B.Error(err)
	}
	req, res := fasthttp.AcquireRequest(), fasthttp.AcquireResponse()
	defer fasthttp.ReleaseRequest(req)
	defer fasthttp.ReleaseResponse(res)
	req.SetRequestURI("http://" + c.Client.Addr + path)
	req.Header.SetMethod("POST")
	req.Header.SetContentType("application/json")
	req.SetBody(raw)
	if err := c.Client.DoTimeout(req, res, 10*time.Second); err != nil {
		c.B.Error(err)
		return nil
	}
	out := map[string]any{}
	if res.StatusCode() != 200 || json.Unmarshal(res.Body(), &out) != nil {
		c.B.Errorf("%s: %d %s", path, res.StatusCode(), res.Body())
	}
	return out
}

// MeasureRate runs work n times, for 1 to n, in as many goroutines as there are workers. It returns
// how many runs a second were done.
func MeasureRate(n, workers int, work func(i int)) float64 {
	var next atomic.Int64
	var wg sync.WaitGroup
	began := time.Now()
	for range workers {
		wg.Go(func() {
			for i := int(next.Add(1)); i <= n; i = int(next.Add(1)) {
				work(i)
			}
		})
	}
	wg.Wait()
	return float64(n) / time.Since(began).Seconds()
}

// CompareRates runs two servers' work in turns within one benchmark. It reports both rates and the
// median of their ratios.
func CompareRates(b *testing.B, ours, theirs func(int)) {
	const turn = 2000
	var mine, bare, ratios []float64
	MeasureRate(turn, 16, ours)
	MeasureRate(turn, 16, theirs)
	b.ResetTimer()
	for done := 0; done < max(b.N, 3*turn); done += turn {
		mine, bare = append(mine, MeasureRate(turn, 16, ours)), append(bare, MeasureRate(turn, 16, theirs))
		ratios = append(ratios, mine[len(mine)-1]/bare[len(bare)-1])
	}
	b.ReportMetric(Mean(mine), "req/s")
	b.ReportMetric(Mean(bare), "bare/s")
	b.ReportMetric(Median(ratios), "ratio")
	b.ReportMetric(0, "ns/op")
}

// Median returns the median of turns, which other work on the machine disturbs less than their mean.
func Median(turns []float64) float64 {
	slices.Sort(turns)
	return turns[len(turns)/2]
}

// Mean returns the mean of turns.
func Mean(turns []float64) (mean float64) {
	for _, turn := range turns {
		mean += turn / float64(len(turns))
	}
	return mean
}
