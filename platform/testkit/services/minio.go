package services

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"
)

// MinIOUser and MinIOPassword are the credentials of the servers that this package starts. They are no
// secrets: the servers listen on loopback and hold test data.
const (
	MinIOUser     = "lyceum-test"
	MinIOPassword = "lyceum-test-secret"
)

// prepareMinIO returns a MinIO server that has not started.
func prepareMinIO(path, data, addr string) *Server {
	s := &Server{
		name: MinIO, data: data, Addr: addr, URL: "http://" + addr,
		stopSignal: syscall.SIGTERM, deathSignal: syscall.SIGKILL,
	}
	s.command = func() *exec.Cmd {
		cmd := exec.Command(path, "server", "--quiet", "--address", addr,
			"--certs-dir", filepath.Join(data, "certs"), filepath.Join(data, "drive"))
		cmd.Dir = data
		cmd.Env = append(os.Environ(), "HOME="+data, "MINIO_ROOT_USER="+MinIOUser,
			"MINIO_ROOT_PASSWORD="+MinIOPassword, "MINIO_BROWSER=off", "MINIO_UPDATE=off")
		return cmd
	}
	s.ready = func(ctx context.Context) error { return getOK(ctx, s.URL+"/minio/health/cluster") }
	return s
}

// getOK returns an error unless a GET request is answered with 200 within two seconds.
func getOK(ctx context.Context, url string) error {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if _, err := io.Copy(io.Discard, resp.Body); err != nil {
		return err
	}
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("%s answered %s", url, resp.Status)
	}
	return nil
}
