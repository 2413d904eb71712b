// Package services finds, installs, starts and stops the real servers that tests run against:
// PostgreSQL, Redis and MinIO. They listen on free loopback ports and have their data in a temporary
// directory.
//
// Servers end with the process that started them, also if it is killed: the system sends them a
// signal. Directories of killed processes are removed by the next one.
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

// Names of the services. Chromium is a program and not a server, and so is Node: Node.js with the npm packages
// of tools/web. PgBouncer is started by the tests that need one.
const (
	Postgres  = "postgres"
	Redis     = "redis"
	MinIO     = "minio"
	Chromium  = "chromium"
	Node      = "node"
	PgBouncer = "pgbouncer"
)

// AllServices holds every name.
var AllServices = []string{Postgres, Redis, MinIO, Chromium, Node, PgBouncer}

// Stack is a set of running servers.
type Stack struct {
	mu      sync.Mutex
	servers []*Server
	env     []string
	dir     *Dir
}

// Start starts the named services at the same time and installs those that are missing. It reports
// long steps on log. If one fails, it stops the others and returns an error that names it.
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
		go func() { failures <- s.startService(ctx, name, paths[name]) }()
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

// startService starts one service and adds it to the stack.
func (s *Stack) startService(ctx context.Context, name, path string) error {
	if name == Chromium {
		s.addServer(nil, EnvChromium+"="+path)
		return nil
	}
	if name == Node || name == PgBouncer {
		return nil // tests find them by FindProgram
	}
	server, err := StartServer(ctx, name, path, s.dir)
	if err != nil {
		return err
	}
	switch name {
	case Postgres:
		s.addServer(server, EnvPostgres+"="+server.URL)
	case Redis:
		s.addServer(server, EnvRedis+"="+server.URL)
	case MinIO:
		s.addServer(server, EnvS3Endpoint+"="+server.Addr,
			EnvS3AccessKey+"="+MinIOUser, EnvS3SecretKey+"="+MinIOPassword)
	}
	return nil
}

// addServer adds a server, which may be nil, and the variables that tell where it is.
func (s *Stack) addServer(server *Server, env ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if server != nil {
		s.servers = append(s.servers, server)
	}
	s.env = append(s.env, env...)
}

// Env returns the variables that tell test processes where the servers are, in the form NAME=value.
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

// StartServer starts one server with its data under dir. path is its program.
func StartServer(ctx context.Context, name, path string, dir *Dir) (*Server, error) {
	data, err := os.MkdirTemp(dir.Path, name+"-")
	if err != nil {
		return nil, err
	}
	var server *Server
	// Another process may take the free port before the server does.
	for range 3 {
		if server, err = prepareServer(ctx, name, path, data); err != nil {
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

// StartReplica starts a PostgreSQL server with a copy of the data of primary, which it follows from then on.
func StartReplica(ctx context.Context, path string, dir *Dir, primary *Server) (*Server, error) {
	data, err := os.MkdirTemp(dir.Path, "replica-")
	if err != nil {
		return nil, err
	}
	addr, err := freeAddr()
	if err != nil {
		return nil, err
	}
	server, err := prepareReplica(ctx, path, data, addr, primary.Addr)
	if err != nil {
		return nil, err
	}
	return server, server.Start(ctx)
}

// prepareServer returns a server on a free port that has not started.
func prepareServer(ctx context.Context, name, path, data string) (*Server, error) {
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
	return nil, fmt.Errorf("no such service: %q; there are %s", name, strings.Join(AllServices, ", "))
}

// freeAddr returns a loopback address on which nothing listens.
func freeAddr() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer l.Close()
	return l.Addr().String(), nil
}

// readTail returns the name and the last 2000 bytes of a log file.
func readTail(path string) string {
	b, err := os.ReadFile(path)
	if err != nil {
		return err.Error()
	}
	if len(b) > 2000 {
		b = b[len(b)-2000:]
	}
	return filepath.Base(path) + ":\n" + string(b)
}
