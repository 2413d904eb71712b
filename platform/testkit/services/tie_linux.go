package services

import (
	"os"
	"os/exec"
	"syscall"

	"golang.org/x/sys/unix"
)

// TieToThread makes the system send sig to the command when the thread that starts it ends. It also
// gives the command a process group of its own, so that a Ctrl-C in the terminal does not end it
// before its clients.
func TieToThread(cmd *exec.Cmd, sig syscall.Signal) {
	if cmd.SysProcAttr == nil {
		cmd.SysProcAttr = &syscall.SysProcAttr{}
	}
	cmd.SysProcAttr.Pdeathsig = sig
	cmd.SysProcAttr.Setpgid = true
}

// EndWithParent makes the system send this process SIGTERM when its parent dies.
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
