package act

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"time"
)

// DefaultSocket is where the helper listens.
const DefaultSocket = "/run/friendlyfire/act.sock"

// answerLimit is how long an answer may take until the one who asked gives up: the helper's ten seconds, and some.
const answerLimit = 12 * time.Second

// Socket is the helper of this machine, as those see it who ask.
type Socket struct{ Path string }

// Do asks the helper. Where it cannot be reached, the request was certainly not done; where it does not answer, it may
// have been.
func (s Socket) Do(ctx context.Context, r Request) Answer {
	ctx, cancel := context.WithTimeout(ctx, answerLimit)
	defer cancel()
	conn, err := (&net.Dialer{}).DialContext(ctx, "unix", s.Path)
	if err != nil {
		return refused("the helper is not reached: %v", cause(err))
	}
	defer conn.Close()
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	defer stop()
	return exchange(conn, r)
}

// exchange sends the request and reads the answer.
func exchange(conn io.ReadWriter, r Request) Answer {
	_, unsent := io.WriteString(conn, r.String()+"\n") // it may have hung up, and said why
	line, err := bufio.NewReader(io.LimitReader(conn, maxLine+2)).ReadString('\n')
	if err != nil && unsent != nil {
		return refused("the helper does not listen: %v", cause(unsent))
	}
	if err != nil {
		return unclear("the helper does not answer")
	}
	a, err := ParseAnswer(line)
	if err != nil {
		return unclear("%v", err)
	}
	return a
}

// cause is the end of a chain of errors, without paths and addresses.
func cause(err error) error {
	for {
		next := errors.Unwrap(err)
		if next == nil {
			return fmt.Errorf("%s", printable(err.Error(), 100))
		}
		err = next
	}
}
