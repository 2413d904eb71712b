package main

import (
	"context"
	"path/filepath"
)

// programName is the name of the program and the beginning of the names of its archives.
const programName = "lyceum"

// compile builds the program for a platform into a file. All that shapes the bytes is set here, so that the caller's
// environment does not matter: the flags, the level of the processor, and that no C compiler takes part. -trimpath
// leaves out the folders of this machine. The version of Go is the one that runs, and the program names it.
func compile(ctx context.Context, src source, p platform, file string) error {
	file, err := filepath.Abs(file)
	if err != nil {
		return err
	}
	env := []string{
		"GOOS=" + p.os, "GOARCH=" + p.arch, "GOAMD64=v1", "GOARM64=v8.0", "CGO_ENABLED=0",
		"GOFLAGS=", "GOEXPERIMENT=", "GOFIPS140=off", "GOWORK=off",
	}
	_, err = runIn(ctx, src.root, env, "go", "build", "-mod=readonly", "-trimpath", "-buildvcs=true",
		"-ldflags=-s -w -X main.Version="+src.version, "-o", file, "./app")
	return err
}
