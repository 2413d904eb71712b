package services

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"os/exec"
	"strings"
	"syscall"
	"time"
)

// prepareRedis returns a Redis server that has not started. It keeps nothing on disk, as Lyceum may
// lose everything that Redis holds.
func prepareRedis(path, data, addr string) *Server {
	host, port, _ := strings.Cut(addr, ":")
	s := &Server{
		name: Redis, data: data, Addr: addr, URL: "redis://" + addr + "/0",
		stopSignal: syscall.SIGTERM, deathSignal: syscall.SIGKILL,
	}
	s.command = func() *exec.Cmd {
		cmd := exec.Command(path, "--bind", host, "--port", port, "--dir", data,
			"--save", "", "--appendonly", "no", "--databases", "1024", "--daemonize", "no")
		cmd.Dir = data
		return cmd
	}
	s.ready = func(ctx context.Context) error {
		reply, err := RedisCall(ctx, addr, "PING")
		if err == nil && reply != "+PONG" {
			err = fmt.Errorf("PING answered %q", reply)
		}
		return err
	}
	return s
}

// RedisCall sends one inline command to a server and returns the first line of the reply. It spares
// tests with a single command a client library.
func RedisCall(ctx context.Context, addr, command string) (string, error) {
	dialer := net.Dialer{Timeout: time.Second}
	conn, err := dialer.DialContext(ctx, "tcp", addr)
	if err != nil {
		return "", err
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(2 * time.Second)); err != nil {
		return "", err
	}
	if _, err := fmt.Fprintf(conn, "%s\r\n", command); err != nil {
		return "", err
	}
	line, err := bufio.NewReader(conn).ReadString('\n')
	return strings.TrimSpace(line), err
}
