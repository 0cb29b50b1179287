package telegram_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"friendlyfire/bot/bottest"
	"friendlyfire/bot/msg"
	"friendlyfire/bot/telegram"
	"friendlyfire/bot/telegram/telegramtest"
)

func TestS01TokenIsInNoErrorAndNoLog(t *testing.T) {
	const path = "bot" + telegramtest.Token + "/getMe"
	tests := map[string]telegramtest.Fault{
		"page that echoes the URL":      telegramtest.Page(502),
		"200 page":                      telegramtest.Page(200),
		"403 page":                      telegramtest.Page(403),
		"413 page":                      telegramtest.Page(413),
		"429 page":                      telegramtest.Page(429),
		"400 that echoes the URL":       telegramtest.Echo(400),
		"403 that echoes the URL":       telegramtest.Echo(403),
		"500 that echoes the URL":       telegramtest.Echo(500),
		"wrong type that holds the URL": telegramtest.Body(200, `{"ok":"`+telegramtest.Token+`"}`),
		"wrong result":                  telegramtest.Body(200, `{"ok":true,"result":"`+telegramtest.Token+`"}`),
		"redirect":                      telegramtest.Redirect("http://127.0.0.1:1/" + path),
		"redirect that is no address":   telegramtest.Redirect("http://%zz/bot" + telegramtest.Token),
		"hang":                          telegramtest.Hang(),
		"cut":                           telegramtest.Cut(),
	}
	for name, fault := range tests {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T, server *telegramtest.Server, c *telegram.Client) {
				c.Log, c.Store = bottest.NewLogCapture(t).Logger(), bottest.OpenStore(t)
				c.Commands = []msg.Command{{Name: "report", Description: "a chart"}}
				// Only every other request fails, so that Listen gets past the first.
				n := 0
				server.Script(func(telegramtest.Request) telegramtest.Fault {
					if n++; n%2 == 0 {
						return nil
					}
					return fault
				})
				stop := bottest.Listen(t, c)
				time.Sleep(30 * time.Minute)
				stop()
				server.Script(func(telegramtest.Request) telegramtest.Fault { return fault })
				m := say("x")
				m.Photo = picture(t, 8, 8)
				_, me := c.Me(t.Context())
				_, post := c.CanPost(t.Context(), "-1001234500001")
				text, photo := c.Send(t.Context(), "5550001", say("x")), c.Send(t.Context(), "5550001", m)
				for _, err := range []error{text, photo, me, post} {
					if all := fmt.Sprintf("%v %+v %#v", err, err, err); strings.Contains(all, bottest.Canary) {
						t.Errorf("error %s", all)
					}
				}
			})
		})
	}
}

func TestS01TokenIsInNoConnectionError(t *testing.T) {
	tests := map[string]func(net.Conn) error{
		"refused": func(net.Conn) error { return syscall.ECONNREFUSED },
		"answer that is no HTTP": func(server net.Conn) error {
			b := make([]byte, 4096)
			n, _ := server.Read(b)
			_, _ = server.Write(b[:n]) // it echoes the request
			return server.Close()
		},
		"a proxy that quotes": func(server net.Conn) error {
			return errors.New("proxy says: cannot POST /bot" + telegramtest.Token + "/sendMessage")
		},
	}
	for name, serve := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				transport := &http.Transport{DialContext: func(context.Context, string, string) (net.Conn, error) {
					client, server := net.Pipe()
					if name != "answer that is no HTTP" {
						return nil, serve(server)
					}
					go func() { _ = serve(server) }() // ends with the connection
					return client, nil
				}}
				defer transport.CloseIdleConnections()
				c, err := telegram.New(telegramtest.Token, telegram.API, &http.Client{Transport: transport})
				if err != nil {
					t.Fatal(err)
				}
				c2, err := telegram.New(telegramtest.Token, "http://localhost", &http.Client{Transport: transport})
				if err != nil {
					t.Fatal(err)
				}
				for _, c := range []*telegram.Client{c, c2} {
					err := c.Send(t.Context(), "5550001", say("x"))
					all := fmt.Sprintf("%v %+v %#v", err, err, err)
					if err == nil || strings.Contains(all, bottest.Canary) {
						t.Errorf("error %s", all)
					}
				}
			})
		})
	}
}

func TestS01TokenIsChecked(t *testing.T) {
	for _, token := range []string{
		"", "CANARY", "123:CANARY", "123:CANARY-too-short", "x23:CANARY-CANARY-CANARY-CANARY",
		"123:CANARY-CANARY-CANARY-CANARY\n", "123:CANARY CANARY CANARY CANARY CANARY",
		"123:CANARY-CANARY-CANARY/../CANARY",
	} {
		_, err := telegram.New(token, telegram.API, nil)
		if err == nil || strings.Contains(err.Error(), bottest.Canary) {
			t.Errorf("%q: %v", token, err)
		}
	}
}

func TestS11EndpointIsChecked(t *testing.T) {
	tests := map[string]bool{
		telegram.API:                       true,
		"https://bots.example.net/prefix/": true,
		"https://bots.example.net:8443":    true,
		"http://127.0.0.1:8081":            true,
		"http://[::1]:8081":                true,
		"http://localhost:8081":            true,
		"http://api.telegram.org":          false,
		"http://127.0.0.1.example.net":     false,
		"http://192.0.2.1:8081":            false,
		"ftp://127.0.0.1":                  false,
		"https://user:CANARY@example.net":  false,
		"https://example.net/?x=CANARY":    false,
		"https://example.net/#CANARY":      false,
		"https://":                         false,
		"api.telegram.org":                 false,
		"":                                 false,
		"https://CANARY\x7f":               false,
	}
	for api, good := range tests {
		_, err := telegram.New(telegramtest.Token, api, nil)
		if (err == nil) != good {
			t.Errorf("%q: %v, want good: %v", api, err, good)
		}
		if err != nil && strings.Contains(err.Error(), bottest.Canary) {
			t.Errorf("%q: %v tells it", api, err)
		}
	}
}

func TestS11NoRedirectIsFollowed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server, thief := telegramtest.InMemory(t), telegramtest.InMemory(t)
		c := newClient(t, server)
		server.Script(func(telegramtest.Request) telegramtest.Fault {
			return telegramtest.Redirect("http://localhost:9/bot" + telegramtest.Token + "/sendMessage")
		})
		if _, ok := errors.AsType[*msg.NotSentError](c.Send(t.Context(), "5550001", say("x"))); !ok {
			t.Error("a redirect is not a delivery")
		}
		if n := len(server.Requests()); n != 1 {
			t.Errorf("%d requests, want the one that was redirected", n)
		}
		if n := len(thief.Requests()); n != 0 {
			t.Errorf("%d requests elsewhere", n)
		}
	})
}
