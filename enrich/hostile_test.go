package enrich

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"
	"time"
	"unicode"

	"friendlyfire/enrich/whoistest"
	"friendlyfire/store"
)

func TestS09WhoisTextIsData(t *testing.T) {
	tests := map[string]struct {
		country, name string
		want          store.Country
		wantName      string
		answered      bool
	}{
		"markup in the country": {country: "US<b>", name: "NET"},
		"a word for a country":  {country: "Belgium", name: "NET"},
		"mail escape":           {country: "BE\n~!id", name: "NET", want: "BE", wantName: "NET", answered: true},
		"shell in the name": {
			country: "BE", name: "$(id)`id`;|&", want: "BE", wantName: "$(id)`id`;|&",
			answered: true,
		},
		"template in the name": {
			country: "BE", name: "{{.Token}}", want: "BE", wantName: "{{.Token}}",
			answered: true,
		},
		"control and bidi": {
			country: "BE", name: "A\x1b[2J\x00\u202eB\u200b", want: "BE", wantName: "A [2J B",
			answered: true,
		},
		"broken bytes": {country: "BE", name: "A\xff\xfeB", want: "BE", wantName: "A�B", answered: true},
		"a name without an end": {
			country: "BE", name: strings.Repeat("x", 5000), want: "BE",
			wantName: strings.Repeat("x", 79) + "…", answered: true,
		},
		"a code that is reserved": {country: "EU", name: "NET", wantName: "NET", answered: true},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s, fake := open(t), belgium()
				fake.Handle("whois.ripe.net", whoistest.Text(func(whoistest.Question) string {
					return whoistest.RIPE("46.1.1.0 - 46.1.1.255", tt.country, tt.name)
				}))
				ban(t, s, true, "46.1.1.1")
				if err := (&Whois{Store: s, Resolver: &Client{Dial: fake.Dial}}).Step(t.Context()); err != nil {
					t.Fatal(err)
				}
				k := known(t, s, "46.1.1.1")
				if k.Whois != tt.want || k.Answered != tt.answered || k.Network.Name != tt.wantName {
					t.Errorf("known %+v, want %q, %q, answered %v", k, tt.want, tt.wantName, tt.answered)
				}
			})
		})
	}
}

func TestS10TheLookupIsBounded(t *testing.T) {
	say := func(text string) whoistest.Handler {
		return whoistest.Text(func(whoistest.Question) string { return text })
	}
	refer := func(to string) whoistest.Handler {
		return say(strings.Replace(whoistest.Transferred("46.0.0.0 - 46.255.255.255", "HOST"), "whois://HOST", to, 1))
	}
	hops := 0
	tests := map[string]struct {
		host   string
		reply  whoistest.Handler
		silent bool
	}{
		"no newline":           {"whois.ripe.net", say("refer: evil"), false},
		"no newline from IANA": {iana, say("refer: evil"), false},
		"IANA refers to a stranger": {
			iana, say(whoistest.IANA("46.0.0.0 - 46.255.255.255", "evil.example.org")),
			false,
		},
		"IANA refers to itself": {iana, say(whoistest.IANA("46.0.0.0 - 46.255.255.255", iana)), false},
		"nothing":               {"whois.ripe.net", say(""), false},
		"hang":                  {"whois.ripe.net", whoistest.Hang, true},
		"flood":                 {"whois.ripe.net", whoistest.Flood, true},
		"drip": {
			"whois.ripe.net",
			whoistest.Drip(whoistest.RIPE("46.1.1.0 - 46.1.1.255", "BE", "SLOW")), true,
		},
		"cut off": {"whois.ripe.net", func(c net.Conn, _ whoistest.Question) {
			_, _ = c.Write([]byte("inetnum: 46.1.1.0 - 46.1.1.255\ncoun"))
		}, false},
		"another port":  {"whois.ripe.net", refer("whois://whois.apnic.net:6379"), false},
		"localhost":     {"whois.ripe.net", refer("whois://localhost"), false},
		"private space": {"whois.ripe.net", refer("whois://192.168.1.1"), false},
		"link local":    {"whois.ripe.net", refer("whois://169.254.169.254:80"), false},
		"rwhois":        {"whois.ripe.net", refer("rwhois://rwhois.example.net:4321"), false},
		"50 referrals": {"whois.ripe.net", func(c net.Conn, _ whoistest.Question) {
			hops++
			all := []string{"whois.apnic.net", "whois.lacnic.net", "whois.afrinic.net", "whois.ripe.net"}
			_, _ = fmt.Fprint(c, whoistest.Transferred("46.0.0.0 - 46.255.255.255", all[hops%len(all)]))
		}, false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s, fake := open(t), belgium()
				for _, other := range []string{arin, "whois.apnic.net", "whois.lacnic.net", "whois.afrinic.net"} {
					fake.Handle(other, say("No match found.\n"))
				}
				if name == "50 referrals" {
					for host := range registries {
						if host != iana {
							fake.Handle(host, tt.reply)
						}
					}
				}
				fake.Handle(tt.host, tt.reply)
				ban(t, s, true, "46.1.1.1")
				w := &Whois{Store: s, Resolver: &Client{Dial: fake.Dial}}
				began := time.Now()
				if err := w.Step(t.Context()); err != nil {
					t.Fatal(err)
				}
				took := time.Since(began)
				if took > lookupTimeout {
					t.Errorf("took %v", took)
				}
				t.Attr("reached", fmt.Sprintf("%v, %d connections", took.Round(time.Millisecond), len(fake.Dialed())))
				k := known(t, s, "46.1.1.1")
				if k.Whois != "" || k.Answered || k.Asks != 1 || !k.AskAfter.After(time.Now()) {
					t.Errorf("known %+v, want unknown, and to be asked later", k)
				}
				if n := len(fake.Dialed()); n > 4 {
					t.Errorf("%d connections: %v", n, fake.Dialed())
				}
				for _, to := range fake.Dialed() {
					host, port, err := net.SplitHostPort(to)
					if _, ok := registries[host]; !ok || port != "43" || err != nil {
						t.Errorf("dialed %s", to)
					}
				}
				standing, err := w.Standing(t.Context())
				if err != nil || (len(standing.Silent) > 0) != tt.silent {
					t.Errorf("standing %+v, %v", standing, err)
				}
			})
		})
	}
}

func TestS10ErrorsAreTyped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fake := &whoistest.Server{}
		c := &Client{Dial: fake.Dial}
		a := netip.MustParseAddr("46.1.1.1")
		fake.Handle("whois.ripe.net", whoistest.Flood)
		_, err := c.Resolve(t.Context(), "whois.ripe.net", a)
		if long, ok := errors.AsType[*TooLongError](err); !ok || !is[*UnreachableError](err) || long.Limit != 64<<10 {
			t.Errorf("flood: %v", err)
		}
		fake.Handle("whois.ripe.net", whoistest.Hang)
		if _, err = c.Resolve(t.Context(), "whois.ripe.net", a); !is[*UnreachableError](err) {
			t.Errorf("hang: %v", err)
		}
		if _, err = c.Resolve(t.Context(), "whois.arin.net", a); !is[*UnreachableError](err) {
			t.Errorf("refused connection: %v", err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(100*time.Millisecond, cancel)
		began := time.Now()
		if _, err = c.Resolve(ctx, "whois.ripe.net", a); err == nil || time.Since(began) > time.Second {
			t.Errorf("cancelled: %v after %v", err, time.Since(began))
		}
		fake.Handle("whois.ripe.net", whoistest.Text(func(whoistest.Question) string { return whoistest.Refusal }))
		if _, err = c.Resolve(t.Context(), "whois.ripe.net", a); !is[*RefusedError](err) {
			t.Errorf("refusal: %v", err)
		}
		full := whoistest.RIPE("46.1.1.0 - 46.1.1.255", "BE", "NET")
		full += strings.Repeat("%", maxReply-len(full)-1) + "\n"
		fake.Handle("whois.ripe.net", whoistest.Text(func(whoistest.Question) string { return full }))
		if got, err := c.Resolve(t.Context(), "whois.ripe.net", a); err != nil || got.Country != "BE" {
			t.Errorf("reply of exactly the limit: %v, %v", got, err)
		}
	})
}

// TestS10OnlyThePublicInternetIsDialed shows that a registry's name that resolves to a private address is not dialed.
func TestS10OnlyThePublicInternetIsDialed(t *testing.T) {
	for _, to := range []string{
		"127.0.0.1:43", "[::1]:43", "192.168.1.1:43", "169.254.169.254:43", "[fd00::1]:43",
		"[::ffff:10.0.0.1]:43",
	} {
		if err := publicOnly("tcp", to, nil); err == nil {
			t.Errorf("%s may be dialed", to)
		}
	}
	if err := publicOnly("tcp", "193.0.6.135:43", nil); err != nil {
		t.Error(err)
	}
}

func FuzzParse(f *testing.F) {
	for _, text := range []string{
		whoistest.RIPE("46.1.1.0 - 46.1.1.255", "BE # comment", "NET"), whoistest.RIPE("2a00::/32", "be", "NET"),
		whoistest.ARIN("46.0.0.0 - 46.255.255.255", "US", "NET"), whoistest.Transferred("46.0.0.0 - 46.2.255.255",
			"whois.ripe.net"),
		whoistest.LACNIC("46.1/16", "BR", "Example"), whoistest.IANA("46.0.0.0 - 46.255.255.255", "whois.ripe.net"),
		whoistest.Refusal, krnic, jpnic, twnic, registroBR, rwhois, "refer: evil", "a. []", "[", "network:",
		"inetnum:0-", "inetnum: ::-ffff::",
	} {
		f.Add([]byte(text))
	}
	addrs := []netip.Addr{
		netip.MustParseAddr("46.1.1.1"), netip.MustParseAddr("2a00::1"),
		netip.MustParseAddr("255.255.255.255"),
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		for _, a := range addrs {
			r := parse(string(text), a)
			if c, ok := store.ParseCountry(string(r.country)); r.country != "" && (!ok || c != r.country) {
				t.Fatalf("country %q", r.country)
			}
			if strings.ContainsFunc(r.name+r.said, func(r rune) bool {
				return unicode.IsControl(r) || unicode.Is(unicode.Cf, r)
			}) {
				t.Fatalf("name %q, said %q", r.name, r.said)
			}
			holds := false
			for _, p := range r.networks {
				holds = holds || p.Contains(a)
				if p != p.Masked() || a.Is4() && p.Bits() < 8 {
					t.Fatalf("network %v", p)
				}
			}
			if (r.kind == answer) != holds {
				t.Fatalf("%s with networks %v for %s", r.kind, r.networks, a)
			}
			if err := parseIANA(string(text), a); err == nil {
				t.Fatal("IANA has no answers of its own")
			}
		}
	})
}

func TestRangesAreCutIntoNetworks(t *testing.T) {
	tests := map[string]string{
		"192.0.2.0 - 192.0.2.255":                          "192.0.2.0/24",
		"192.0.2.0 - 192.0.2.2":                            "192.0.2.0/31 192.0.2.2/32",
		"200.44.0.0 - 200.46.255.255":                      "200.44.0.0/15 200.46.0.0/16",
		"190.46/15":                                        "190.46.0.0/15",
		"200.57.128/19":                                    "200.57.128.0/19",
		"192.0.2.0/25, 198.51.100.0/24":                    "192.0.2.0/25 198.51.100.0/24",
		"61.254.160.0 - 61.254.191.255 (/19)":              "61.254.160.0/19",
		"0.0.0.0 - 255.255.255.255":                        "0.0.0.0/0",
		"255.255.255.255":                                  "255.255.255.255/32",
		"2001:0db8:0000::/48":                              "2001:db8::/48",
		"2001:DB8:: - 2001:DB8:1:FFFF:FFFF:FFFF:FFFF:FFFF": "2001:db8::/47",
		"192.0.2.9 - 192.0.2.1":                            "",
		"192.0.2.0 - 2001:db8::":                           "",
		"192.0.2.0/33":                                     "",
		"192.0.2.0.0/24":                                   "",
		"::ffff:192.0.2.0/120":                             "",
		"everything":                                       "",
		"":                                                 "",
	}
	for in, want := range tests {
		var got []string
		for _, s := range parseRanges(in) {
			for _, p := range s.prefixes() {
				got = append(got, p.String())
			}
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%q: %v, want %q", in, got, want)
		}
	}
}

// TestS10RandomBytesNeverPanic feeds the client replies that no server sends.
func TestS10RandomBytesNeverPanic(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	words := []string{
		"inetnum:", "country:", "refer:", "ReferralServer:", "46.1.1.0/24", "-", "46.0.0.0", "\n", "\r",
		" ", "BE", "[", "]", "a.", "\xff", "%", "#", "NetRange:", "whois://",
	}
	for range 2000 {
		var b bytes.Buffer
		for range random.IntN(40) {
			b.WriteString(words[random.IntN(len(words))])
		}
		parse(b.String(), netip.MustParseAddr("46.1.1.1"))
		_ = parseIANA(b.String(), netip.MustParseAddr("46.1.1.1"))
	}
	t.Attr("reached", "2000 random replies, 0 panics")
}
