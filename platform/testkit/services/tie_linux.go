package services

import (
	"os"
	"os/exec"
	"syscall"

	"golang.org/x/sys/unix"
)

// Tie ends the command with sig when the thread that starts it ends, and keeps a Ctrl-C in the
// terminal from reaching it before its user has stopped.
func Tie(cmd *exec.Cmd, sig syscall.Signal) {
	if cmd.SysProcAttr == nil {
		cmd.SysProcAttr = &syscall.SysProcAttr{}
	}
	cmd.SysProcAttr.Pdeathsig = sig
	cmd.SysProcAttr.Setpgid = true
}

// EndWithParent sends this process SIGTERM when its parent dies.
func EndWithParent() error {
	parent := os.Getppid()
	if err := unix.Prctl(unix.PR_SET_PDEATHSIG, uintptr(unix.SIGTERM), 0, 0, 0); err != nil {
		return err
	}
	if os.Getppid() != parent { // it died before the call
		return unix.Kill(os.Getpid(), unix.SIGTERM)
	}
	return nil
}
