package main

import (
	"os/exec"
	"syscall"
)

// tieToProcess makes the system kill the process of cmd when this one ends in any way. The thread that starts it must
// not end before.
func tieToProcess(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL} }
