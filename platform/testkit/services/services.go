// Package services finds, installs, starts and stops the real servers that tests run against:
// PostgreSQL, Redis and MinIO on free loopback ports, with their data in a temporary directory.
package services

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
)

// Environment variables through which one set of servers is shared by many test processes.
const (
	EnvPostgres    = "TEST_DATABASE_URL"
	EnvRedis       = "TEST_REDIS_URL"
	EnvS3Endpoint  = "TEST_S3_ENDPOINT"
	EnvS3AccessKey = "TEST_S3_ACCESS_KEY"
	EnvS3SecretKey = "TEST_S3_SECRET_KEY"
	EnvChromium    = "TEST_CHROMIUM"
)

// Names of what Stack can hold, in the order in which it is looked for.
const (
	Postgres = "postgres"
	Redis    = "redis"
	MinIO    = "minio"
	Chromium = "chromium"
)

// All lists every name.
var All = []string{Postgres, Redis, MinIO, Chromium}

// Stack is a set of running servers.
type Stack struct {
	mu      sync.Mutex
	servers []*Server
	env     []string
	dir     *Dir
}

// Start finds or installs what names asks for and starts it, all at once. Steps that take long are
// told on log. When one fails, the others are stopped and the error says which it was.
func Start(ctx context.Context, names []string, log io.Writer) (*Stack, error) {
	paths, err := findAll(ctx, names, log)
	if err != nil {
		return nil, err
	}
	dir, err := NewDir()
	if err != nil {
		return nil, err
	}
	s := &Stack{dir: dir}
	failures := make(chan error, len(names))
	for _, name := range names {
		go func() { failures <- s.start(ctx, name, paths[name]) }()
	}
	for range names {
		err = errors.Join(err, <-failures)
	}
	if err != nil {
		s.Close()
		return nil, err
	}
	return s, nil
}

func (s *Stack) start(ctx context.Context, name, path string) error {
	if name == Chromium {
		s.add(nil, EnvChromium+"="+path)
		return nil
	}
	server, err := StartServer(ctx, name, path, s.dir)
	if err != nil {
		return err
	}
	switch name {
	case Postgres:
		s.add(server, EnvPostgres+"="+server.URL)
	case Redis:
		s.add(server, EnvRedis+"="+server.URL)
	case MinIO:
		s.add(server, EnvS3Endpoint+"="+server.Addr, EnvS3AccessKey+"="+MinIOUser, EnvS3SecretKey+"="+MinIOPassword)
	}
	return nil
}

func (s *Stack) add(server *Server, env ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if server != nil {
		s.servers = append(s.servers, server)
	}
	s.env = append(s.env, env...)
}

// Env gives the variables that tell test processes where the servers are, as NAME=value.
func (s *Stack) Env() []string { return s.env }

// Close stops the servers and removes their data.
func (s *Stack) Close() {
	var wg sync.WaitGroup
	for _, server := range s.servers {
		wg.Go(server.Stop)
	}
	wg.Wait()
	s.dir.Remove()
}

// StartServer starts one server of its own data under dir. path is its binary.
func StartServer(ctx context.Context, name, path string, dir *Dir) (*Server, error) {
	data, err := os.MkdirTemp(dir.Path, name+"-")
	if err != nil {
		return nil, err
	}
	var server *Server
	// A free port may be taken by someone else before the server has it.
	for range 3 {
		if server, err = prepare(ctx, name, path, data); err != nil {
			return nil, err
		}
		if err = server.Start(ctx); err == nil || ctx.Err() != nil {
			break
		}
	}
	if err != nil {
		return nil, err
	}
	return server, nil
}

func prepare(ctx context.Context, name, path, data string) (*Server, error) {
	addr, err := freeAddr()
	if err != nil {
		return nil, err
	}
	switch name {
	case Postgres:
		return preparePostgres(ctx, path, data, addr)
	case Redis:
		return prepareRedis(path, data, addr), nil
	case MinIO:
		return prepareMinIO(path, data, addr), nil
	}
	return nil, fmt.Errorf("no such service: %q; there are %s", name, strings.Join(All, ", "))
}

func freeAddr() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer l.Close()
	return l.Addr().String(), nil
}

// tail gives the end of a log file, for the message of a failed start.
func tail(path string) string {
	b, err := os.ReadFile(path)
	if err != nil {
		return err.Error()
	}
	if len(b) > 2000 {
		b = b[len(b)-2000:]
	}
	return filepath.Base(path) + ":\n" + string(b)
}
