package act

import (
	"net"
	"syscall"
)

// peer returns the account and the process at the other end, as the kernel knows them since the connection was made.
func peer(conn *net.UnixConn) (uid uint32, pid int32, err error) {
	raw, err := conn.SyscallConn()
	if err != nil {
		return 0, 0, err
	}
	var cred *syscall.Ucred
	var failure error
	err = raw.Control(func(fd uintptr) {
		descriptor := int(fd) //nolint:gosec // it fits
		cred, failure = syscall.GetsockoptUcred(descriptor, syscall.SOL_SOCKET, syscall.SO_PEERCRED)
	})
	if err == nil {
		err = failure
	}
	if err != nil {
		return 0, 0, err
	}
	return cred.Uid, cred.Pid, nil
}
