package act

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/user"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

const (
	readLimit   = 2 * time.Second  // for a peer to say what it wants
	idleLimit   = 30 * time.Second // without a peer, until Serve returns: the socket starts the helper again
	peersAtOnce = 8
	maxRest     = 64 << 10 // of what stands behind a request, in bytes
)

// Serve answers at the socket until ctx ends or nobody has asked for a while. Only root, and accounts named like the
// group that the socket belongs to, are answered: NAME, and NAME-act, by which another machine comes. Members of that
// group are not: they may read its files, and no more.
func (h *Helper) Serve(ctx context.Context, l *net.UnixListener) error {
	allowed, err := accounts(l.Addr().String())
	if err != nil {
		return err
	}
	slots := make(chan struct{}, peersAtOnce)
	var running sync.WaitGroup
	defer running.Wait()
	stop := context.AfterFunc(ctx, func() { _ = l.SetDeadline(time.Now()) }) // Accept returns
	defer stop()
	for ctx.Err() == nil {
		slots <- struct{}{}
		if err := l.SetDeadline(time.Now().Add(idleLimit)); err != nil || ctx.Err() != nil {
			return err
		}
		conn, err := l.AcceptUnix()
		if errors.Is(err, os.ErrDeadlineExceeded) {
			return nil
		}
		if err != nil {
			return err
		}
		running.Go(func() {
			defer func() { <-slots }()
			h.answer(ctx, conn, allowed)
		})
	}
	return nil
}

// answer reads one line, and answers it by one.
func (h *Helper) answer(ctx context.Context, conn *net.UnixConn, allowed map[uint32]string) {
	defer conn.Close() //nolint:errcheck // the answer is written
	uid, pid, err := peer(conn)
	if err != nil {
		h.Log.Error("who asks cannot be known", "error", err)
		return
	}
	name, ok := allowed[uid]
	_ = conn.SetDeadline(time.Now().Add(readLimit)) // else the read fails
	line, err := bufio.NewReader(io.LimitReader(conn, maxLine+2)).ReadString('\n')
	var a Answer
	switch {
	case !ok:
		h.Log.Warn("refused", "uid", uid, "pid", pid, "reason", "the account may not act")
		a = refused("this account may not act")
	case err != nil:
		a = refused("a request is one line of up to %d bytes", maxLine)
	default:
		a = h.Do(ctx, fmt.Sprintf("%s (uid %d, pid %d)", name, uid, pid), strings.TrimSuffix(line, "\n"))
	}
	_ = conn.SetDeadline(time.Now().Add(readLimit)) // else the write fails
	fmt.Fprintln(conn, a)
	// Whoever has written more is to read the answer all the same: what is left unread would reset the connection.
	if conn.CloseWrite() == nil {
		_, _ = io.CopyN(io.Discard, conn, maxRest)
	}
}

// accounts returns the accounts that may act by the socket at path, by their numbers.
func accounts(path string) (map[uint32]string, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	allowed := map[uint32]string{0: "root"}
	sys, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return nil, errors.New("the owner of the socket is not known")
	}
	group, err := user.LookupGroupId(strconv.FormatUint(uint64(sys.Gid), 10))
	if err != nil {
		return allowed, nil //nolint:nilerr // a group without a name has no account of that name
	}
	for _, name := range []string{group.Name, group.Name + "-act"} {
		account, err := user.Lookup(name)
		if err != nil {
			continue // there need not be one
		}
		if uid, err := strconv.ParseUint(account.Uid, 10, 32); err == nil {
			allowed[uint32(uid)] = name
		}
	}
	return allowed, nil
}
