package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// folderPrefix begins the name of the temporary folder of a run.
const folderPrefix = "lyceum-bench-"

// folderPattern returns the pattern for os.MkdirTemp of the folder of the process with that id.
func folderPattern(pid int) string { return fmt.Sprintf("%s%d-*", folderPrefix, pid) }

// removeStaleFolders removes the folders in dir that runs have left behind which were killed: those whose process is
// gone.
func removeStaleFolders(dir string) {
	found, _ := filepath.Glob(filepath.Join(dir, folderPrefix+"*"))
	for _, folder := range found {
		rest := strings.TrimPrefix(filepath.Base(folder), folderPrefix)
		id, _, _ := strings.Cut(rest, "-")
		pid, err := strconv.Atoi(id)
		if err == nil && pid > 0 && syscall.Kill(pid, 0) == syscall.ESRCH {
			os.RemoveAll(folder)
		}
	}
}
