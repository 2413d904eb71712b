package main

import (
	"context"
	"encoding/json"
	"path/filepath"
	"slices"
)

// programName is the name of the program and the beginning of the names of its archives.
const programName = "lyceum"

// originVariables say where Go finds modules, its cache and itself. They shape no byte of the program, as go.sum has
// the checksums of all modules. The caller may have set them by go env -w.
var originVariables = []string{
	"GOPROXY", "GOSUMDB", "GONOSUMDB", "GONOPROXY", "GOPRIVATE", "GOINSECURE", "GOVCS", "GOAUTH",
	"GOPATH", "GOMODCACHE", "GOCACHE", "GOTMPDIR", "GOTOOLCHAIN",
}

// readGoEnv returns the variables for all commands of Go: the originVariables as the caller has them, and that nothing
// else of the caller counts. GOENV=off is for what go env -w has written: Go takes an empty variable for one that is
// not set, and would read the file.
func readGoEnv(ctx context.Context, root string) ([]string, error) {
	out, err := runIn(ctx, root, nil, "go", slices.Concat([]string{"env", "-json"}, originVariables)...)
	if err != nil {
		return nil, err
	}
	var origins map[string]string
	if err := json.Unmarshal(out, &origins); err != nil {
		return nil, err
	}
	env := []string{"GOENV=off", "GOFLAGS=", "GOEXPERIMENT=", "GOWORK=off"}
	for _, name := range originVariables {
		if origins[name] != "" {
			env = append(env, name+"="+origins[name])
		}
	}
	return env, nil
}

// compile builds the program for a platform into a file. All that shapes the bytes is set here, so that the caller's
// environment does not matter: the flags, the level of the processor, and that no C compiler takes part. -trimpath
// leaves out the folders of this machine. The version of Go is the one that runs, and the program names it.
func compile(ctx context.Context, src source, p platform, file string) error {
	file, err := filepath.Abs(file)
	if err != nil {
		return err
	}
	env := slices.Concat(src.goEnv, []string{
		"GOOS=" + p.os, "GOARCH=" + p.arch, "GOAMD64=v1", "GOARM64=v8.0", "CGO_ENABLED=0", "GOFIPS140=off",
	})
	_, err = runIn(ctx, src.root, env, "go", "build", "-mod=readonly", "-trimpath", "-buildvcs=true",
		"-ldflags=-s -w -X main.Version="+src.version, "-o", file, "./app")
	return err
}
