package services

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// minioVersion is the last version that MinIO published as source.
const minioVersion = "v0.0.0-20260212201848-7aac2a2c5b7c"

// installMissing installs packages of Debian by apt-get and of npm, and builds MinIO from source. One process of
// the machine installs at a time.
func installMissing(ctx context.Context, names []string, log io.Writer) error {
	if len(names) == 0 {
		return nil
	}
	held, err := installLock()
	if err != nil {
		return err
	}
	defer held.Close()
	names = listMissing(names) // another process may have installed them while this one waited
	var packages []string
	for _, name := range names {
		if name == Node && lookPath("node") != "" && lookPath("npm") != "" {
			continue // only its npm packages are missing
		}
		packages = append(packages, strings.Fields(debianPackages[name])...)
	}
	if err := installPackages(ctx, packages, log); err != nil {
		return err
	}
	if slices.Contains(names, Node) {
		if err := installWebTools(ctx, log); err != nil {
			return err
		}
	}
	if slices.Contains(names, MinIO) {
		return buildMinIO(ctx, log)
	}
	return nil
}

// installLock waits for the lock under which a process installs.
func installLock() (*os.File, error) {
	if err := os.MkdirAll(cacheDir(), 0o755); err != nil {
		return nil, err
	}
	return lockFile(filepath.Join(cacheDir(), "install.lock"), 0)
}

// installPackages installs packages of Debian. It needs root.
func installPackages(ctx context.Context, packages []string, log io.Writer) error {
	if len(packages) == 0 {
		return nil
	}
	apt, err := exec.LookPath("apt-get")
	if err != nil || os.Geteuid() != 0 {
		return fmt.Errorf("missing: %s; install it, or run this as root where apt-get is", strings.Join(packages, ", "))
	}
	fmt.Fprintf(log, "services: installing %s\n", strings.Join(packages, ", "))
	restore, err := holdServices()
	if err != nil {
		return err
	}
	defer restore()
	if err := runQuietly(ctx, nil, apt, "update", "-qq"); err != nil {
		return err
	}
	args := []string{"install", "-y", "-qq", "--no-install-recommends", "-o", "DPkg::Lock::Timeout=300"}
	return runQuietly(ctx, []string{"DEBIAN_FRONTEND=noninteractive"}, apt, append(args, packages...)...)
}

// holdServices keeps packages from starting services when they are installed, which would use ports
// and memory. Debian asks the program policy-rc.d before each start; its exit status 101 forbids it.
func holdServices() (restore func(), err error) {
	const policy = "/usr/sbin/policy-rc.d"
	if _, err := os.Stat(policy); err == nil {
		return func() {}, nil // the machine has a policy of its own
	}
	if err := os.WriteFile(policy, []byte("#!/bin/sh\nexit 101\n"), 0o755); err != nil {
		return nil, err
	}
	return func() { os.Remove(policy) }, nil
}

// runQuietly runs a command. Its output becomes part of the error if it fails and is dropped
// otherwise.
func runQuietly(ctx context.Context, env []string, name string, args ...string) error {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Env = append(os.Environ(), env...)
	cmd.Dir = os.TempDir()
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s %s: %w\n%s", filepath.Base(name), strings.Join(args, " "), err, out)
	}
	return nil
}

// buildMinIO compiles the server into the cache. The program gets its name once it is complete, as a
// build may be interrupted.
func buildMinIO(ctx context.Context, log io.Writer) error {
	goTool, err := exec.LookPath("go")
	if err != nil {
		return errors.New("minio is missing, and there is no go to build it with")
	}
	fmt.Fprintln(log, "services: building MinIO from source, once; this takes some minutes")
	if err := os.MkdirAll(minioDir(), 0o755); err != nil {
		return err
	}
	tmp, err := os.MkdirTemp(minioDir(), "build-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(tmp)
	env := []string{"CGO_ENABLED=0", "GOFLAGS=-mod=mod", "GOBIN=" + tmp, "GOWORK=off"}
	if err := runQuietly(ctx, env, goTool, "install", "github.com/minio/minio@"+minioVersion); err != nil {
		return err
	}
	return os.Rename(filepath.Join(tmp, "minio"), filepath.Join(minioDir(), "minio"))
}

// cacheDir returns the directory in which programs are kept from run to run.
func cacheDir() string {
	dir, err := os.UserCacheDir()
	if err != nil { // no HOME, as under some runners
		dir = os.TempDir()
	}
	return filepath.Join(dir, "lyceum-test")
}

func minioDir() string { return filepath.Join(cacheDir(), "minio-"+minioVersion) }
