package services

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// slotsOfCluster is the number of slots of a Redis cluster.
const slotsOfCluster = 16384

// StartRedisCluster starts a cluster of n nodes that have no replicas, and returns the nodes once all slots are served.
func StartRedisCluster(ctx context.Context, path string, dir *Dir, n int) (nodes []*Server, err error) {
	defer func() {
		if err != nil {
			stopAll(nodes)
		}
	}()
	for i := range n {
		bus, err := freeAddr()
		if err != nil {
			return nodes, err
		}
		_, busPort, _ := strings.Cut(bus, ":")
		node, err := startRedis(ctx, path, dir, "--cluster-enabled", "yes", "--cluster-port", busPort,
			"--cluster-node-timeout", "2000")
		if err != nil {
			return nodes, err
		}
		nodes = append(nodes, node)
		first, last := i*slotsOfCluster/n, (i+1)*slotsOfCluster/n-1
		if err := expectOK(ctx, node.Addr, fmt.Sprintf("CLUSTER ADDSLOTSRANGE %d %d", first, last)); err != nil {
			return nodes, err
		}
		host, port, _ := strings.Cut(node.Addr, ":")
		if err := expectOK(ctx, nodes[0].Addr, fmt.Sprintf("CLUSTER MEET %s %s %s", host, port, busPort)); err != nil {
			return nodes, err
		}
	}
	for _, node := range nodes {
		if err := awaitCluster(ctx, node.Addr); err != nil {
			return nodes, err
		}
	}
	return nodes, nil
}

// awaitCluster waits until a node knows who serves each slot.
func awaitCluster(ctx context.Context, addr string) error {
	for {
		// The reply is a text of several lines, of which RedisCall returns the first: its length. The script cuts
		// the state out.
		reply, err := RedisCall(ctx, addr, `EVAL "return string.match(redis.call('cluster','info'), 'cluster_state:(%a+)')" 0`)
		if err == nil && reply == "$2" { // "ok" has two letters, and "fail" four
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("the cluster is not whole: %w", errors.Join(ctx.Err(), err))
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// StartRedisSentinel starts a server, another one that follows it, and a Sentinel that watches them under the name
// "main". The Sentinel promotes the follower when the first server has been away for half a second.
func StartRedisSentinel(ctx context.Context, path string, dir *Dir) (primary, follower, sentinel *Server, err error) {
	if primary, err = startRedis(ctx, path, dir); err != nil {
		return nil, nil, nil, err
	}
	host, port, _ := strings.Cut(primary.Addr, ":")
	if follower, err = startRedis(ctx, path, dir, "--replicaof", host, port); err != nil {
		stopAll([]*Server{primary})
		return nil, nil, nil, err
	}
	if sentinel, err = startSentinel(ctx, path, dir, host, port); err != nil {
		stopAll([]*Server{primary, follower})
		return nil, nil, nil, err
	}
	return primary, follower, sentinel, nil
}

// startSentinel starts a Sentinel and waits until it has found the follower.
func startSentinel(ctx context.Context, path string, dir *Dir, host, port string) (*Server, error) {
	settings := strings.Join([]string{
		"sentinel monitor main " + host + " " + port + " 1", "sentinel down-after-milliseconds main 500",
		"sentinel failover-timeout main 3000", "",
	}, "\n")
	data, err := os.MkdirTemp(dir.Path, "sentinel-")
	if err != nil {
		return nil, err
	}
	file := filepath.Join(data, "sentinel.conf")
	if err := os.WriteFile(file, []byte(settings), 0o600); err != nil {
		return nil, err
	}
	addr, err := freeAddr()
	if err != nil {
		return nil, err
	}
	s := prepareRedis(path, data, addr)
	s.name = "sentinel"
	own, ownPort, _ := strings.Cut(addr, ":")
	s.command = func() *exec.Cmd {
		cmd := exec.Command(path, file, "--sentinel", "--bind", own, "--port", ownPort, "--dir", data)
		cmd.Dir = data
		return cmd
	}
	s.ready = func(ctx context.Context) error {
		reply, err := RedisCall(ctx, addr, "SENTINEL REPLICAS main")
		if err == nil && reply != "*1" {
			err = fmt.Errorf("SENTINEL REPLICAS answered %q", reply)
		}
		return err
	}
	return s, s.Start(ctx)
}

// startRedis starts a Redis server with more arguments.
func startRedis(ctx context.Context, path string, dir *Dir, more ...string) (*Server, error) {
	data, err := os.MkdirTemp(dir.Path, Redis+"-")
	if err != nil {
		return nil, err
	}
	addr, err := freeAddr()
	if err != nil {
		return nil, err
	}
	s := prepareRedis(path, data, addr)
	plain := s.command
	s.command = func() *exec.Cmd {
		cmd := plain()
		cmd.Args = append(cmd.Args, more...)
		if len(more) > 0 && more[0] == "--cluster-enabled" {
			cmd.Args = append(cmd.Args, "--databases", "1")
		}
		return cmd
	}
	s.stopSignal = syscall.SIGKILL // a server with followers waits for them otherwise, and nothing is kept
	return s, s.Start(ctx)
}

// expectOK sends a command that is answered with OK.
func expectOK(ctx context.Context, addr, command string) error {
	reply, err := RedisCall(ctx, addr, command)
	if err == nil && reply != "+OK" {
		err = fmt.Errorf("%s answered %q", command, reply)
	}
	return err
}

// stopAll stops servers.
func stopAll(servers []*Server) {
	for _, s := range servers {
		s.Stop()
	}
}
