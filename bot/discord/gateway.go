package discord

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/bwmarrin/discordgo"
	"github.com/gorilla/websocket"

	"friendlyfire/config"
)

// Opcodes of the gateway: https://discord.com/developers/docs/topics/opcodes-and-status-codes
const (
	opEvent          = 0
	opHeartbeat      = 1
	opIdentify       = 2
	opResume         = 6
	opReconnect      = 7
	opInvalidSession = 9
	opHello          = 10
	opHeartbeatAck   = 11
)

// fatalCodes are close codes after which connecting again is pointless: wrong token, shard, version or intents.
var fatalCodes = []int{4004, 4010, 4011, 4012, 4013, 4014}

// maxEvent bounds an event of the gateway, in bytes.
const maxEvent = 4 << 20

type frame struct {
	Op   int             `json:"op"`
	Seq  int64           `json:"s,omitempty"`
	Type string          `json:"t,omitempty"`
	Data json.RawMessage `json:"d"`
}

// connect keeps a connection until it breaks or ctx ends. It returns why, and whether an identify was sent.
func (l *listener) connect(ctx context.Context) (identified bool, err error) {
	address, err := l.gatewayURL(ctx)
	if err != nil {
		return false, err
	}
	dialer := websocket.Dialer{
		NetDialContext: l.dial, Proxy: http.ProxyFromEnvironment,
		TLSClientConfig: l.http.TLSClientConfig.Clone(), HandshakeTimeout: callLimit,
	}
	address += "/?v=" + discordgo.APIVersion + "&encoding=json"
	ws, resp, err := dialer.DialContext(ctx, address, nil) //nolint:bodyclose // it needs none
	if resp != nil {
		l.SawAnswer(resp.Header)
	}
	if err != nil {
		l.session.URL = "" // the API may know a better one
		return false, fmt.Errorf("gateway: %w", err)
	}
	defer ws.Close()
	stop := context.AfterFunc(ctx, func() { ws.Close() }) // without a close frame, so that the session can be resumed
	defer stop()
	ws.SetReadLimit(maxEvent)
	c := &connection{listener: l, ws: ws, heartbeatNow: make(chan struct{}, 1), acked: make(chan struct{}, 1)}
	err = c.run(ctx)
	if e, ok := errors.AsType[*websocket.CloseError](err); ok && (e.Code == 4007 || e.Code == 4009) {
		l.dropSession(ctx) // its sequence number is invalid, or it has timed out
	}
	return c.identified, err
}

// gatewayURL returns the URL to connect to: wss, or ws on this machine.
func (l *listener) gatewayURL(ctx context.Context) (string, error) {
	address := l.session.URL
	if address == "" || l.session.ID == "" {
		var err error
		if address, err = l.rest.Gateway(discordgo.WithContext(ctx)); err != nil {
			return "", classify(err)
		}
	}
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "wss" && (u.Scheme != "ws" || !config.IsLoopback(u.Hostname())) {
		l.session.URL = ""
		return "", errors.New("the gateway's address is not wss://…")
	}
	return strings.TrimSuffix(address, "/"), nil
}

func (c *connection) read(within time.Duration) (frame, error) {
	var f frame
	if err := c.ws.SetReadDeadline(time.Now().Add(within)); err != nil {
		return f, err
	}
	_, data, err := c.ws.ReadMessage()
	if err != nil {
		return f, fmt.Errorf("gateway: %w", err)
	}
	if err := json.Unmarshal(data, &f); err != nil {
		return f, errors.New("gateway: not JSON")
	}
	if f.Op == opEvent {
		c.lastSeq.Store(f.Seq)
	}
	return f, nil
}

func (c *connection) write(op int, data any) error {
	raw, err := json.Marshal(data)
	if err != nil {
		return err
	}
	if err := c.ws.SetWriteDeadline(time.Now().Add(callLimit)); err != nil {
		return err
	}
	return c.ws.WriteJSON(frame{Op: op, Data: raw})
}

func fatal(err error) bool {
	e, ok := errors.AsType[*websocket.CloseError](err)
	return ok && slices.Contains(fatalCodes, e.Code)
}

// signal sends to a channel of capacity 1, unless it is full.
func signal(c chan<- struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}
