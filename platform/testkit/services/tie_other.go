//go:build unix && !linux

package services

import (
	"os/exec"
	"syscall"
)

// Tie keeps a Ctrl-C in the terminal from reaching the command before its user has stopped. This
// system has no death signal: a killed test leaves its servers running.
func Tie(cmd *exec.Cmd, _ syscall.Signal) {
	if cmd.SysProcAttr == nil {
		cmd.SysProcAttr = &syscall.SysProcAttr{}
	}
	cmd.SysProcAttr.Setpgid = true
}

// EndWithParent does nothing here.
func EndWithParent() error { return nil }
