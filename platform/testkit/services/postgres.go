package services

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"

	"github.com/jackc/pgx/v5"
)

// preparePostgres makes a cluster and returns its server, which has not started. The cluster trusts
// every user of the machine and does not wait for the disk, as the data of tests need not survive a
// power cut. Commits stay synchronous, as committed data has to survive Kill.
func preparePostgres(ctx context.Context, path, data, addr string) (*Server, error) {
	as, err := unprivilegedUser(data)
	if err != nil {
		return nil, err
	}
	cluster := filepath.Join(data, "cluster")
	if _, err := os.Stat(cluster); err != nil {
		if err := createCluster(ctx, filepath.Dir(path), cluster, as); err != nil {
			return nil, err
		}
	}
	return newPostgresServer(path, data, cluster, addr, as)
}

// prepareReplica copies the cluster of a running server and returns a server that follows it, which has not started.
func prepareReplica(ctx context.Context, path, data, addr, primary string) (*Server, error) {
	as, err := unprivilegedUser(data)
	if err != nil {
		return nil, err
	}
	host, port, err := net.SplitHostPort(primary)
	if err != nil {
		return nil, err
	}
	cluster := filepath.Join(data, "cluster")
	cmd := exec.CommandContext(ctx, filepath.Join(filepath.Dir(path), "pg_basebackup"), "-h", host, "-p", port, "-U", "lyceum",
		"-D", cluster, "--write-recovery-conf", "--checkpoint=fast", "--no-sync")
	cmd.Dir = data
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: as}
	if out, err := cmd.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("pg_basebackup: %w\n%s", err, out)
	}
	return newPostgresServer(path, data, cluster, addr, as)
}

// newPostgresServer returns the server of a cluster.
func newPostgresServer(path, data, cluster, addr string, as *syscall.Credential) (*Server, error) {
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return nil, err
	}
	s := &Server{
		name: Postgres, data: data, Addr: addr,
		URL:        "postgres://lyceum@" + addr + "/postgres?sslmode=disable",
		stopSignal: syscall.SIGINT, deathSignal: syscall.SIGQUIT, // fast and immediate shutdown
	}
	s.command = func() *exec.Cmd {
		cmd := exec.Command(path, "-D", cluster, "-h", host, "-p", port, "-k", "", "-F",
			"-c", "full_page_writes=off", "-c", "max_connections=300",
			"-c", "shared_buffers=256MB", "-c", "timezone=UTC",
			// Shared memory lies in the data directory, which is removed, and not in /dev/shm.
			"-c", "dynamic_shared_memory_type=mmap")
		cmd.Dir = data
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: as}
		return cmd
	}
	s.ready = func(ctx context.Context) error { return pingPostgres(ctx, s.URL) }
	return s, nil
}

// unprivilegedUser returns the user that PostgreSQL runs as, since it refuses to run as root, and
// gives that user the directory. It returns nil if this process does not run as root.
func unprivilegedUser(dir string) (*syscall.Credential, error) {
	if os.Geteuid() != 0 {
		return nil, nil
	}
	u, err := user.Lookup("postgres")
	if err != nil {
		u, err = user.Lookup("nobody")
	}
	if err != nil {
		return nil, fmt.Errorf("PostgreSQL does not run as root, and there is no user postgres or nobody: %w", err)
	}
	uid, err := strconv.ParseUint(u.Uid, 10, 32)
	if err != nil {
		return nil, err
	}
	gid, err := strconv.ParseUint(u.Gid, 10, 32)
	if err != nil {
		return nil, err
	}
	if err := os.Chown(dir, int(uid), int(gid)); err != nil {
		return nil, err
	}
	return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid), NoSetGroups: false}, nil
}

// createCluster makes the files of a cluster in the directory that the server will use.
func createCluster(ctx context.Context, bin, cluster string, as *syscall.Credential) error {
	cmd := exec.CommandContext(ctx, filepath.Join(bin, "initdb"), "-D", cluster, "-U", "lyceum",
		"-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync")
	cmd.Dir = filepath.Dir(cluster)
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: as}
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("initdb: %w\n%s", err, out)
	}
	return nil
}

// pingPostgres returns an error unless the server accepts a connection.
func pingPostgres(ctx context.Context, url string) error {
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		return err
	}
	return conn.Close(ctx)
}
