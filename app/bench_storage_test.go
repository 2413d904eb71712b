package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"
	"github.com/valyala/fasthttp"

	uuid "lyceum/platform/ids"
	"lyceum/platform/testkit"

	"lyceum/app/sitetest"
	"lyceum/platform/blob"
	"lyceum/platform/blob/s3"
)

// startBareSigner runs a server that does nothing but sign: /signature signs alone, and /asked asks the
// database for the object before. It returns its address and the function that signs.
func startBareSigner(b *testing.B, vars map[string]string) (addr string, sign func(id string) string) {
	b.Helper()
	store, err := s3.New(s3.Config{
		Endpoint: vars["S3_ENDPOINT"], Bucket: vars["S3_BUCKET"], AccessKey: vars["S3_ACCESS_KEY"],
		SecretKey: vars["S3_SECRET_KEY"], Region: vars["S3_REGION"],
	})
	require.NoError(b, err)
	pool, err := pgxpool.New(b.Context(), vars["DATABASE_URL"])
	require.NoError(b, err)
	b.Cleanup(pool.Close)
	sign = func(id string) string {
		signed, err := store.PresignGet(context.Background(), id,
			blob.GetRequest{Filename: "video.txt", ContentType: "text/plain", Expires: 5 * time.Minute})
		if err != nil {
			b.Error(err)
		}
		return signed.URL
	}
	addr = "127.0.0.1:" + testkit.FreePort(b)
	server := &fasthttp.Server{Handler: func(ctx *fasthttp.RequestCtx) {
		id := uuid.None
		if string(ctx.Path()) == "/asked" {
			if err := pool.QueryRow(ctx,
				"SELECT a.blob_id::text FROM storage_assets a JOIN lessons l ON l.asset_key = a.key WHERE a.key = $1",
				"bench/video.txt").Scan(&id); err != nil {
				ctx.Error(err.Error(), 500)
				return
			}
		}
		ctx.SetBodyString(`{"url":"` + sign(id) + `"}`)
	}}
	go func() { _ = server.ListenAndServe(addr) }()
	b.Cleanup(func() { _ = server.Shutdown() })
	return addr, sign
}

// BenchmarkSign compares GET /storage/sign, for a learner whose right takes a query and for the uploader, with the
// signature alone: behind a bare server, and without one. Server, client and PostgreSQL share the machine.
func BenchmarkSign(b *testing.B) {
	defer debug.SetGCPercent(debug.SetGCPercent(gcPercent)) // as serve does
	vars := sitetest.Services(b)
	vars["RATE_LIMIT_ENABLED"], vars["DATABASE_MAX_CONNS"] = "false", "8"
	s := sitetest.Start(b, vars)
	admin := s.AdminToken()
	up := s.Want(201, "POST", "/storage/uploads", admin, `{"key":"bench/video.txt","content_type":"text/plain","size":1}`)
	s.Upload(up, "x")
	s.Want(200, "POST", "/storage/uploads/"+up.Text("id")+"/complete", admin, nil)
	course := s.Want(201, "POST", "/courses", admin, `{"title":"Signed","status":"published"}`).Text("id")
	s.Want(201, "POST", "/courses/"+course+"/lessons", admin, `{"title":"One","asset_key":"bench/video.txt"}`)
	_, _, learner := s.NewAccount("signer")

	addr, sign := startBareSigner(b, vars)
	bare, ours := sitetest.NewLoadClient(b, addr), s.NewLoadClient(b)
	require.Eventually(b, func() bool { return bare.Try("GET", "/asked", "", "") == 200 }, 5*time.Second,
		10*time.Millisecond)
	hold := func(got int) {
		if got != 200 {
			b.Errorf("status %d", got)
		}
	}
	for name, c := range map[string]struct{ token, path string }{
		"learner": {learner, "/asked"}, "uploader": {admin, "/signature"},
	} {
		b.Run(name, func(b *testing.B) {
			sitetest.CompareRates(b,
				func(int) { hold(ours.Try("GET", "/storage/sign?key=bench/video.txt", c.token, "")) },
				func(int) { hold(bare.Try("GET", c.path, "", "")) })
		})
	}
	b.Run("signature", func(b *testing.B) {
		b.ReportAllocs()
		for range b.N {
			sign(uuid.None)
		}
	})
}

// BenchmarkDownload serves a large file from the embedded store, in turns with io.Copy from the same file to a socket.
func BenchmarkDownload(b *testing.B) {
	const size = 1 << 30
	s := sitetest.Start(b, map[string]string{"UPLOAD_MAX_BYTES": fmt.Sprint(size), "RATE_LIMIT_ENABLED": "false"})
	admin := s.AdminToken()
	up := s.Want(201, "POST", "/storage/uploads", admin,
		map[string]any{"key": "large.txt", "content_type": "text/plain", "size": size})
	req, err := http.NewRequestWithContext(b.Context(), "PUT", up.Text("upload.url"), io.LimitReader(letters{}, size))
	require.NoError(b, err)
	req.ContentLength = size
	req.Header.Set("Content-Type", "text/plain")
	res, err := (&http.Client{Timeout: 5 * time.Minute}).Do(req)
	require.NoError(b, err)
	require.NoError(b, res.Body.Close())
	require.Equal(b, 200, res.StatusCode)
	s.Want(200, "POST", "/storage/uploads/"+up.Text("id")+"/complete", admin, nil)
	link := s.Want(200, "GET", "/storage/sign?key=large.txt&expires_in=3600", admin, nil).Text("url")
	file := largest(b, filepath.Join(s.Config.DataDir))
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(b, err)
	b.Cleanup(func() { _ = ln.Close() })
	go copyToAll(ln, file, size)

	ours := func() float64 {
		_, rest, _ := strings.Cut(strings.TrimPrefix(link, "http://"), "/")
		return fetched(b, s.Running.Addr.String(), "GET /"+rest+" HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", size)
	}
	theirs := func() float64 { return fetched(b, ln.Addr().String(), "", size) }
	ours()
	theirs()
	var mine, plain, ratios []float64
	growth := sitetest.WatchHeap()
	b.ResetTimer()
	for range max(b.N, 7) {
		mine, plain = append(mine, ours()), append(plain, theirs())
		ratios = append(ratios, mine[len(mine)-1]/plain[len(plain)-1])
	}
	b.ReportMetric(float64(growth())/(1<<20), "MiB-heap")
	b.ReportMetric(sitetest.Mean(mine), "MiB/s")
	b.ReportMetric(sitetest.Mean(plain), "copy-MiB/s")
	b.ReportMetric(sitetest.Median(ratios), "ratio")
	b.ReportMetric(0, "ns/op")
}

// letters is a text without an end.
type letters struct{}

func (letters) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = 'a' + byte(i%26)
	}
	return len(p), nil
}

// largest is the largest file below a folder.
func largest(b *testing.B, dir string) (path string) {
	var most int64
	require.NoError(b, filepath.Walk(dir, func(p string, info os.FileInfo, err error) error {
		if err == nil && info.Mode().IsRegular() && info.Size() > most {
			path, most = p, info.Size()
		}
		return err
	}))
	return path
}

// copyToAll gives every connection the file, by the shortest way that the standard library knows.
func copyToAll(ln net.Listener, path string, size int64) {
	for {
		conn, err := ln.Accept()
		if err != nil {
			return
		}
		if f, err := os.Open(path); err == nil {
			_, _ = io.Copy(conn, io.LimitReader(f, size))
			_ = f.Close()
		}
		_ = conn.Close()
	}
}

// fetched reads what a server sends and gives MiB a second; head, if any, is the request.
func fetched(b *testing.B, addr, head string, size int64) float64 {
	began := time.Now()
	conn, err := net.Dial("tcp", addr)
	require.NoError(b, err)
	defer func() { _ = conn.Close() }()
	_, err = io.WriteString(conn, head)
	require.NoError(b, err)
	n, buf := int64(0), make([]byte, 256<<10)
	for {
		got, err := conn.Read(buf)
		if n += int64(got); err != nil {
			break
		}
	}
	require.GreaterOrEqual(b, n, size)
	return float64(n) / (1 << 20) / time.Since(began).Seconds()
}
