package main

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"

	"lyceum/tools/bench/yardstick"
)

// The first administrator of the site that is measured.
const (
	adminEmail    = "admin@lyceum.local"
	adminPassword = "a long secret phrase"
)

// poolSize is the number of connections to PostgreSQL of each server.
const poolSize = "8"

// unreachedLimit is a rate limit that counts every request and refuses none.
const unreachedLimit = "1000000/1s"

// mostSockets is how many sockets an account and an address may have: all that the process takes.
const mostSockets = "20000"

// buildProgram builds Lyceum from the sources into a file.
func buildProgram(ctx context.Context, file string) error {
	out, err := exec.CommandContext(ctx, "go", "build", "-o", file, "lyceum/app").CombinedOutput()
	if err != nil {
		return fmt.Errorf("go build: %w\n%s", err, out)
	}
	return nil
}

// startLyceum starts Lyceum with its data in a folder and returns it once it is ready.
func startLyceum(ctx context.Context, binary, folder string, s services) (*server, error) {
	addr, err := findFreeAddr(ctx)
	if err != nil {
		return nil, err
	}
	metricsAddr, err := findFreeAddr(ctx)
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(binary, "serve") //nolint:noctx // it is stopped by a signal, so that it can finish its work
	cmd.Dir = folder
	cmd.Env = append(inheritedEnv(), lyceumEnv(addr, metricsAddr, filepath.Join(folder, "data"), s)...)
	return startServer(ctx, &server{
		name: "Lyceum", addr: addr, readyURL: "http://" + addr + "/readyz",
		metricsURL: "http://" + metricsAddr + "/metrics", logFile: filepath.Join(folder, "lyceum.log"), cmd: cmd,
	})
}

// startYardstick starts this program as the yardstick, with its log in a folder, and returns it once it is ready.
func startYardstick(ctx context.Context, folder string, s services) (*server, error) {
	program, err := os.Executable()
	if err != nil {
		return nil, err
	}
	addr, err := findFreeAddr(ctx)
	if err != nil {
		return nil, err
	}
	settings := yardstick.Settings{
		Addr: addr, DatabaseURL: s.databaseURL, MaxConns: poolSize, S3Endpoint: s.s3.endpoint,
		S3AccessKey: s.s3.accessKey, S3SecretKey: s.s3.secretKey, Bucket: s.s3.bucket, Region: region,
	}
	cmd := exec.Command(program, yardstick.Command) //nolint:noctx // it is stopped by a signal
	cmd.Dir = folder
	cmd.Env = append(inheritedEnv(), settings.Environ()...)
	return startServer(ctx, &server{
		name: "the yardstick", addr: addr, readyURL: "http://" + addr + "/metrics",
		metricsURL: "http://" + addr + "/metrics", logFile: filepath.Join(folder, "yardstick.log"), cmd: cmd,
	})
}

// lyceumEnv returns the settings of Lyceum. Everything is on that is on by default; limits count and refuse nothing.
func lyceumEnv(addr, metricsAddr, dataDir string, s services) []string {
	env := []string{
		"APP_ENV=development", "HTTP_ADDR=" + addr, "PUBLIC_URL=http://" + addr, "METRICS_ADDR=" + metricsAddr,
		"DATA_DIR=" + dataDir, "LOG_LEVEL=warn", "DEMO=false", "DATABASE_MAX_CONNS=" + poolSize,
		"ADMIN_EMAIL=" + adminEmail, "ADMIN_PASSWORD=" + adminPassword, "ACCESS_TOKEN_TTL=24h",
		"RATE_LIMIT_API=" + unreachedLimit, "RATE_LIMIT_LOGIN_IP=" + unreachedLimit,
		"RATE_LIMIT_LOGIN_ACCOUNT=" + unreachedLimit, "RATE_LIMIT_MAIL=" + unreachedLimit,
		"RATE_LIMIT_CHAT=" + unreachedLimit, "WS_MAX_PER_USER=" + mostSockets, "WS_MAX_PER_IP=" + mostSockets,
	}
	if !s.areReal() {
		return env
	}
	return append(env, "DATABASE_URL="+s.databaseURL, "REDIS_URL="+s.redisURL, "S3_ENDPOINT="+s.s3.endpoint,
		"S3_BUCKET="+s.s3.bucket, "S3_ACCESS_KEY="+s.s3.accessKey, "S3_SECRET_KEY="+s.s3.secretKey,
		"S3_REGION="+region)
}

// inheritedEnv returns the variables that a server gets from this process: no settings.
func inheritedEnv() (env []string) {
	for _, name := range []string{"PATH", "HOME", "TMPDIR", "GOMAXPROCS"} {
		if value := os.Getenv(name); value != "" {
			env = append(env, name+"="+value)
		}
	}
	return env
}

// findFreeAddr returns a loopback address on which nothing listens.
func findFreeAddr(ctx context.Context) (string, error) {
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer l.Close()
	return l.Addr().String(), nil
}
