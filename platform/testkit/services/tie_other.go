//go:build unix && !linux

package services

import (
	"os/exec"
	"syscall"
)

// TieToThread gives the command a process group of its own, so that a Ctrl-C in the terminal does not
// end it before its clients. This system has no death signal: the servers of a killed test go on.
func TieToThread(cmd *exec.Cmd, _ syscall.Signal) {
	if cmd.SysProcAttr == nil {
		cmd.SysProcAttr = &syscall.SysProcAttr{}
	}
	cmd.SysProcAttr.Setpgid = true
}

// EndWithParent does nothing, as this system can't do it.
func EndWithParent() error { return nil }
