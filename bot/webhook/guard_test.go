package webhook

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"friendlyfire/bot/msg"
	"friendlyfire/bot/webhook/webhooktest"
	"friendlyfire/config"
)

func TestNothingIsSentToAddressesThatAreNotPublic(t *testing.T) {
	named := []netip.Prefix{netip.MustParsePrefix("192.168.7.0/24"), netip.MustParsePrefix("fd00:1::/64")}
	for text, want := range map[string]bool{
		"203.0.113.7": true, "2001:db8::7": true, "1.1.1.1": true, "2606:4700::1": true,
		"192.168.7.9": true, "fd00:1::9": true, "::ffff:192.168.7.9": true, "64:ff9b::192.168.7.9": true, // named
		"127.0.0.1": false, "127.8.8.8": false, "::1": false, "0.0.0.0": false, "::": false, "0.1.2.3": false,
		"10.1.2.3": false, "172.16.0.1": false, "172.31.255.255": false, "192.168.8.1": false, "100.64.0.1": false,
		"169.254.169.254": false, "fe80::1": false, "fe80::1%eth0": false, "fd00:2::1": false, "fec0::1": false, "224.0.0.1": false,
		"255.255.255.255": false, "240.0.0.1": false, "ff02::1": false, "198.18.0.1": false, "192.0.0.8": false,
		"::ffff:127.0.0.1": false, "::ffff:169.254.169.254": false, "::127.0.0.1": false, "64:ff9b::127.0.0.1": false,
		"64:ff9b::10.0.0.1": false, "64:ff9b:1::127.0.0.1": false, "64:ff9b::203.0.113.7": true, "2002:7f00:1::": false,
		"2002:c0a8:0801::": false, "2002:cb00:7107::": true, "2001:0:1::1": false, "100::1": false,
		// for translation in a network of one's own, RFC 8215, with the address wherever RFC 6052 has it; and RFC 2765
		"64:ff9b:1:7f00:0:100::": false, "64:ff9b:1:1::203.0.113.7": false, "::ffff:0:127.0.0.1": false, "::ffff:0:10.0.0.1": false,
		"64:ff9b::a00:1": false, "64:ff9b::6440:1": false, "64:ff9b::a9fe:a9fe": false, "2002:6440:1::": false, "2002:a9fe:a9fe::": false,
		"4000::1": false, "1::1": false, "fbff::1": false, "3fff:ffff::1": true, "::ffff:100.64.0.1": false,
	} {
		if got := allowed(netip.MustParseAddr(text), named); got != want {
			t.Errorf("allowed(%s) = %v, want %v", text, got, want)
		}
	}
}

// A name that resolves to a public address when it is looked at, and to this machine when it is dialled, gets nowhere:
// what is dialled is the address, and it is looked at each time.
func TestANameCannotBeReboundToThisMachine(t *testing.T) {
	answers := [][]string{{"203.0.113.7"}, {"127.0.0.1"}, {"::ffff:127.0.0.1", "fe80::1%eth0"}, {"169.254.169.254", "203.0.113.9"}}
	var dialled []string
	g := newGuard(nil, func(_ context.Context, _, address string) (net.Conn, error) {
		dialled = append(dialled, address)
		return nil, errors.New("nobody is there")
	})
	g.resolve = func(context.Context, string, string) (all []netip.Addr, err error) {
		for _, text := range answers[0] {
			all = append(all, netip.MustParseAddr(text))
		}
		answers = answers[1:]
		return all, nil
	}
	for range 4 {
		if _, err := g.dial(t.Context(), "tcp", "rebound.example.org:443"); err == nil {
			t.Error("connected")
		}
	}
	if want := []string{"203.0.113.7:443", "203.0.113.9:443"}; !slices.Equal(dialled, want) {
		t.Errorf("dialled %q, want %q", dialled, want)
	}
}

func TestAnErrorOfTheNetworkNamesNoHost(t *testing.T) {
	for name, dial := range map[string]func(context.Context, string, string) (net.Conn, error){
		"refused address": nil,
		"no such host": func(context.Context, string, string) (net.Conn, error) {
			return nil, &net.DNSError{Err: "no such host", Name: "canary.example.org", IsNotFound: true}
		},
		"dial": func(context.Context, string, string) (net.Conn, error) {
			return nil, errors.New("dial tcp canary.example.org: broken")
		},
	} {
		c := NewConfig()
		c.Targets = []Target{{Chat: "ops", URL: config.NewSecret("https://203.0.113.7" + webhooktest.Path), Line: 1}}
		connection, err := c.Connect(msg.Bot{Dial: dial})
		if err != nil {
			t.Fatal(err)
		}
		if dial == nil {
			connection.(*client).hooks["ops"].url.Host = "127.0.0.1:1"
		}
		err = connection.Send(t.Context(), "ops", alert)
		no, ok := errors.AsType[*msg.NotSentError](err)
		if !ok || !no.Unreached || strings.Contains(err.Error(), "canary") || strings.Contains(err.Error(), "CANARY") ||
			strings.Contains(err.Error(), "127.0") {
			t.Errorf("%s: %v", name, err)
		}
	}
}
