//go:build gallery

package cli

import (
	"cmp"
	"fmt"
	"html"
	"math/rand/v2"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"friendlyfire/acceptance/harness"
	"friendlyfire/app"
	"friendlyfire/bot"
	"friendlyfire/charts"
	"friendlyfire/store"
)

const gallerySeed = 2026

// gallery is the folder of the pictures.
var gallery = filepath.Join(harness.Root, "gallery")

// TestGallery draws every kind of report, light and dark, of the sample and of a made-up year, into gallery/, with a
// page that shows each as it looks on a desk and on a phone.
func TestGallery(t *testing.T) {
	if err := os.MkdirAll(gallery, 0o700); err != nil {
		t.Fatal(err)
	}
	year := harness.NewScene(t, harness.TableOnly, harness.Change{`"UTC"`, `"Europe/Brussels"`})
	now := time.Date(2026, 11, 22, 13, 37, 0, 0, time.UTC)
	year.Append(madeUpYear(t, now))

	page := strings.Builder{}
	page.WriteString("<!doctype html><meta charset=utf-8><title>Gallery</title>" +
		"<style>body{font:16px sans-serif;margin:2em}pre{white-space:pre-wrap}" +
		".phone{width:400px}img{max-width:100%;vertical-align:top}</style>\n")
	exhibit(t, &page, "sample", harness.NewSampleScene(t), now, "all")
	exhibit(t, &page, "year", year, now, bot.Periods()...)
	if err := os.WriteFile(filepath.Join(gallery, "index.html"), []byte(page.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Logf("gallery/index.html shows them all; the year is of seed %d", gallerySeed)
}

// exhibit draws the reports of the scene.
func exhibit(t *testing.T, page *strings.Builder, title string, s *harness.Scene, now time.Time, periods ...string) {
	t.Helper()
	p, err := app.OpenOffline(t.Context(), app.Env{File: s.Config, Out: t.Output(), Err: t.Output()})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	p.Refresh(t.Context())
	r, err := p.Reporter()
	if err != nil {
		t.Fatal(err)
	}
	for _, kind := range bot.Kinds() {
		for _, since := range periods {
			rep, err := r.Report(t.Context(), kind, since, now)
			if err != nil {
				t.Fatal(err)
			}
			fmt.Fprintf(page, "<h2>%s: /report %s %s</h2>\n<pre>%s</pre>\n",
				title, kind, since, html.EscapeString(r.Caption(rep).String()))
			for name, theme := range map[string]charts.Theme{"light": charts.Light(), "dark": charts.Dark()} {
				r.Theme = theme
				picture := r.Picture(rep)
				file := fmt.Sprintf("%s-%s-%s-%s.png", title, kind, since, name)
				if err := save(filepath.Join(gallery, file), picture); err != nil {
					t.Fatal(err)
				}
				fmt.Fprintf(page, "<p><img src=%[1]s> <img class=phone src=%[1]s>\n", file)
				if name == "light" {
					fmt.Fprintf(page, "<pre style='white-space:pre'>%s</pre>\n", html.EscapeString(picture.Text(78)))
				}
			}
		}
	}
}

// madeUpYear are the bans of the year before now, distributed as those of real attackers: most come from a few
// countries, a few addresses come again and again, some come in bursts, 3 % are IPv6. Two in a thousand are friends; of
// those that sshd banned in the last three days, fifty in a thousand.
func madeUpYear(t *testing.T, now time.Time) string {
	t.Helper()
	const bans = 60_000
	random := rand.New(rand.NewPCG(gallerySeed, gallerySeed)) //nolint:gosec // the same every time
	jails := []string{"sshd", "nginx-http-auth", "postfix-sasl", "dovecot", "recidive"}
	countries := addressesByCountry(t, random)
	var order []store.Country // most bans first
	for _, c := range []store.Country{
		"CN", "US", "RU", "VN", "BR", "IN", "NL", "DE", "KR", "SG", "ID", "FR", "GB", "HK", "TW", "UA", "IR",
	} {
		if len(countries[c]) > 0 {
			order = append(order, c)
		}
	}
	var rest []store.Country
	for c := range countries {
		if c != "BE" && !slices.Contains(order, c) {
			rest = append(rest, c)
		}
	}
	slices.Sort(rest)
	order = append(order, rest...)
	rank := rand.NewZipf(random, 1.4, 2, uint64(len(order)-1))
	return writeBans(random, now, bans, func(at time.Time) (netip.Addr, string) {
		jail := jails[min(int(random.ExpFloat64()*1.3), len(jails)-1)]
		friends := 0.002
		if jail == "sshd" && now.Sub(at) < 72*time.Hour {
			friends = 0.05
		}
		pool := countries[order[rank.Uint64()]]
		if random.Float64() < friends {
			pool = countries["BE"]
		}
		return pool[min(int(random.ExpFloat64()*float64(len(pool))/4), len(pool)-1)], jail
	})
}

// writeBans spreads bans over the year: more at night than during the day, and some in bursts.
func writeBans(random *rand.Rand, now time.Time, bans int, next func(time.Time) (netip.Addr, string)) string {
	times := make([]time.Time, 0, bans)
	for len(times) < bans {
		at := now.Add(-time.Duration(random.Float64() * 365 * 24 * float64(time.Hour)))
		if at.Hour() >= 8 && at.Hour() < 20 && random.Float64() < 0.3 {
			continue
		}
		n := 1
		if random.Float64() < 0.002 {
			n = 20 + random.IntN(150)
		}
		for range n {
			times = append(times, at)
			if at = at.Add(time.Duration(random.ExpFloat64() * float64(40*time.Second))); at.After(now) {
				break
			}
		}
	}
	slices.SortFunc(times, time.Time.Compare)
	var b strings.Builder
	for _, at := range times {
		address, jail := next(at)
		hours := map[string]int{"sshd": 24, "recidive": 7 * 24}
		fmt.Fprintf(&b, "%s,%s,%s,5,%d,1,%d,\n",
			at.UTC().Format("2006-01-02,15:04:05"), address, jail, 3600*max(hours[jail], 1), at.Unix())
	}
	return b.String()
}

// addressesByCountry are up to 300 random addresses of each country, 3 % of them IPv6.
func addressesByCountry(t *testing.T, random *rand.Rand) map[store.Country][]netip.Addr {
	t.Helper()
	table := harness.OpenTable(t)
	found := map[store.Country][]netip.Addr{}
	for range 150_000 {
		byteOf := func(n int) byte { return byte(random.IntN(n)) }
		a := netip.AddrFrom4([4]byte{1 + byteOf(223), byteOf(256), byteOf(256), byteOf(256)})
		if random.IntN(100) < 3 {
			prefixes := []string{"2001", "2400", "2600", "2804", "2a02"}
			prefix := prefixes[random.IntN(len(prefixes))]
			a = netip.MustParseAddr(fmt.Sprintf("%s:%x::%x", prefix, random.IntN(1<<14), 1+random.IntN(1<<12)))
		}
		if c := cmp.Or(table.Country(a), "?"); len(found[c]) < 300 {
			found[c] = append(found[c], a)
		}
	}
	delete(found, "?")
	return found
}
