package services

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
)

// StartPgBouncer starts a pooler before a PostgreSQL server, in the mode that gives each transaction to any connection.
// path is its program.
func StartPgBouncer(ctx context.Context, path string, dir *Dir, postgresAddr string) (*Server, error) {
	data, err := os.MkdirTemp(dir.Path, PgBouncer+"-")
	if err != nil {
		return nil, err
	}
	as, err := unprivilegedUser(data)
	if err != nil {
		return nil, err
	}
	addr, err := freeAddr()
	if err != nil {
		return nil, err
	}
	settings, err := pgbouncerSettings(addr, postgresAddr)
	if err != nil {
		return nil, err
	}
	file := filepath.Join(data, "pgbouncer.ini")
	if err := os.WriteFile(file, []byte(settings), 0o644); err != nil {
		return nil, err
	}
	s := &Server{
		name: PgBouncer, data: data, Addr: addr, URL: "postgres://lyceum@" + addr + "/postgres?sslmode=disable",
		stopSignal: syscall.SIGINT, deathSignal: syscall.SIGTERM,
	}
	s.command = func() *exec.Cmd {
		cmd := exec.Command(path, file)
		cmd.Dir = data
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: as}
		return cmd
	}
	s.ready = func(ctx context.Context) error { return pingPostgres(ctx, s.URL+"&default_query_exec_mode=exec") }
	return s, s.Start(ctx)
}

// pgbouncerSettings returns the settings of a pooler. It trusts every user of the machine, as the servers of tests do.
func pgbouncerSettings(addr, postgresAddr string) (string, error) {
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return "", err
	}
	postgresHost, postgresPort, err := net.SplitHostPort(postgresAddr)
	if err != nil {
		return "", err
	}
	return fmt.Sprintf(`[databases]
* = host=%s port=%s user=lyceum
[pgbouncer]
listen_addr = %s
listen_port = %s
unix_socket_dir =
auth_type = any
pool_mode = transaction
default_pool_size = 10
max_client_conn = 500
`, postgresHost, postgresPort, host, port), nil
}
