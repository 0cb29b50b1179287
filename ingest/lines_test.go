package ingest

import (
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"friendlyfire/store"
)

// at returns a time in the zone.
func at(t *testing.T, zone *time.Location, text string) time.Time {
	t.Helper()
	when, err := time.ParseInLocation("2006-01-02 15:04:05 -0700", text, zone)
	if err != nil {
		t.Fatal(err)
	}
	return when
}

// Each line by itself, in the given format.
func TestR20Lines(t *testing.T) {
	const seed, rich, full = "DATE,TIME,IP_ADDRESS", "DATE,TIME,IP_ADDRESS,JAIL,FAILURES,BANTIME,BANCOUNT,EPOCH",
		"DATE,TIME,IP_ADDRESS,JAIL,FAILURES,BANTIME,BANCOUNT,EPOCH,MATCHES"
	const when = "2026-11-22 14:05:09 +0000"
	evidence := base64.StdEncoding.EncodeToString([]byte("Failed password for \x1b[31mroot\u202e from 203.0.113.7\n" +
		"\n  second line\n"))
	for name, c := range map[string]struct {
		columns, line string
		address, jail string // "" and no bad: not a ban
		bad           error
		check         func(store.Ban) bool
	}{
		"original":            {columns: seed, line: "2026-11-22,14:05:09,203.0.113.7", address: "203.0.113.7"},
		"dash before seconds": {columns: seed, line: "2026-11-22,14:05-09,203.0.113.7", address: "203.0.113.7"},
		"CR":                  {columns: seed, line: "2026-11-22,14:05:09,203.0.113.7\r", address: "203.0.113.7"},
		"blanks": {
			columns: seed, line: " 2026-11-22 , 14:05:09,\t203.0.113.7 ",
			address: "203.0.113.7",
		},
		"quoted": {
			columns: seed, line: `"2026-11-22","14:05:09","203.0.113.7"`,
			address: "203.0.113.7",
		},
		"BOM": {
			columns: seed, line: "\ufeff2026-11-22,14:05:09,203.0.113.7",
			address: "203.0.113.7",
		},
		"no header, original": {line: "2026-11-22,14:05:09,203.0.113.7", address: "203.0.113.7"},
		"no header, rich": {
			line:    "2026-11-22,14:05:09,203.0.113.7,sshd,5,3600,1,1795356309",
			address: "203.0.113.7", jail: "sshd",
		},
		"no header, full": {
			line:    "2026-11-22,14:05:09,203.0.113.7,sshd,5,3600,1,1795356309," + evidence,
			address: "203.0.113.7", jail: "sshd",
		},
		"other order": {
			columns: "JAIL,EPOCH,COLOUR,IP_ADDRESS", line: "sshd,1795356309,red,203.0.113.7",
			address: "203.0.113.7", jail: "sshd",
		},
		"IPv6": {columns: seed, line: "2026-11-22,14:05:09,2001:DB8:0:0::1", address: "2001:db8::1"},
		"mapped IPv4": {
			columns: seed, line: "2026-11-22,14:05:09,::ffff:203.0.113.7",
			address: "203.0.113.7",
		},
		"zone": {columns: seed, line: "2026-11-22,14:05:09,fe80::1%eth0", address: "fe80::1"},
		"CIDR": {
			columns: seed, line: "2026-11-22,14:05:09,198.51.100.0/24",
			address: "198.51.100.0/24",
		},
		"host name": {
			columns: seed, line: "2026-11-22,14:05:09,evil.example.com",
			address: "evil.example.com",
		},
		"two words":     {columns: seed, line: "2026-11-22,14:05:09,two words", address: "two words"},
		"leading zeros": {columns: seed, line: "2026-11-22,14:05:09,010.1.2.3", address: "010.1.2.3"},
		"stray quote":   {columns: seed, line: `2026-11-22,14:05:09,"203.0.113.7`, address: `"203.0.113.7`},
		"escape codes":  {columns: seed, line: "2026-11-22,14:05:09,\x1b[31mred\u202e", address: "[31mred"},
		"no UTF-8": {
			columns: seed, line: "2026-11-22,14:05:09,caf\xe9.example",
			address: "caf\ufffd.example",
		},
		"NUL": {columns: seed, line: "2026-11-22,14:05:09,203.0.113.7\x00", bad: errControl},
		"NULs before": {
			columns: seed, line: "\x00\x00\x002026-11-22,14:05:09,203.0.113.7",
			address: "203.0.113.7", bad: errUnfinished,
		},
		"empty address":         {columns: seed, line: "2026-11-22,14:05:09,", bad: errAddress},
		"invisible address":     {columns: seed, line: "2026-11-22,14:05:09,\u200b", bad: errAddress},
		"formula, one too many": {columns: seed, line: "2026-11-22,14:05:09,1.2.3.4,=cmd", bad: errMany},
		"the same, rich": {
			columns: rich, line: "2026-11-22,14:05:09,1.2.3.4,=cmd,sshd,0,3600,1,1795356309",
			bad: errMany,
		},
		"too few":           {columns: rich, line: "2026-11-22,14:05:09,203.0.113.7", bad: errFew},
		"no fields":         {columns: rich, line: "x", bad: errFew},
		"fifty fields":      {columns: rich, line: strings.Repeat("1,", 49) + "1", bad: errMany},
		"only commas":       {columns: seed, line: ",,", bad: errAddress},
		"day that is none":  {columns: seed, line: "2026-02-30,14:05:09,203.0.113.7", bad: errTime},
		"time that is none": {columns: seed, line: "2026-11-22,24:00:00,203.0.113.7", bad: errTime},
		"no time":           {columns: seed, line: ",,203.0.113.7", bad: errTime},
		"year 9999":         {columns: seed, line: "9999-11-22,14:05:09,203.0.113.7", bad: errYear},
		"year 1970": {
			columns: rich, line: "2026-11-22,14:05:09,203.0.113.7,sshd,5,3600,1,1",
			bad: errYear,
		},
		"epoch wins": {
			columns: rich, line: "2020-01-01,00:00:00,203.0.113.7,sshd,5,3600,1,1795356309",
			address: "203.0.113.7", jail: "sshd",
		},
		"epoch with a fraction": {
			columns: rich, line: "2026-11-22,14:05:09,203.0.113.7,sshd,5,3600,1,1795356309.27",
			address: "203.0.113.7", jail: "sshd",
		},
		"empty epoch": {
			columns: rich, line: "2026-11-22,14:05:09,203.0.113.7,sshd,5,3600,1,",
			address: "203.0.113.7", jail: "sshd",
		},
		"epoch that is none": {
			columns: rich, line: "2026-11-22,14:05:09,203.0.113.7,sshd,5,3600,1,soon",
			bad: errTime,
		},
		"epoch in milliseconds": {
			columns: rich, line: "2026-11-22,14:05:09,203.0.113.7,sshd,5,3600,1,1795356309000",
			bad: errTime,
		},
		"failures that are none": {
			columns: rich, line: "2026-11-22,14:05:09,203.0.113.7,sshd,five,3600,1,1795356309",
			bad: errNumber,
		},
		"for ever": {
			columns: rich, line: "2026-11-22,14:05:09,203.0.113.7,sshd,5,-1,1,1795356309", address: "203.0.113.7",
			jail: "sshd",
			check: func(b store.Ban) bool {
				return b.BanTime == -1 && b.Failures == 5 && b.BanCount == 1 &&
					b.HasEpoch
			},
		},
		"evidence": {
			columns: full, line: "2026-11-22,14:05:09,203.0.113.7,sshd,5,600,1,1795356309," +
				evidence, address: "203.0.113.7", jail: "sshd",
			check: func(b store.Ban) bool {
				return b.Matches == "Failed password for [31mroot from 203.0.113.7\nsecond line"
			},
		},
		"evidence after a header without": {
			columns: rich, line: "2026-11-22,14:05:09,203.0.113.7,sshd,5,600,1,1795356309," +
				evidence, address: "203.0.113.7", jail: "sshd",
			check: func(b store.Ban) bool { return b.Matches != "" },
		},
		"evidence left out": {
			columns: full, line: "2026-11-22,14:05:09,203.0.113.7,sshd,5,600,1,1795356309",
			address: "203.0.113.7", jail: "sshd",
		},
		"evidence is no base64": {
			columns: full, line: "2026-11-22,14:05:09,203.0.113.7,sshd,5,600,1,1795356309,%%%", address: "203.0.113.7",
			jail:  "sshd",
			check: func(b store.Ban) bool { return b.Matches == "" },
		},
		"empty":                 {columns: seed, line: ""},
		"blank":                 {columns: seed, line: " \t\r"},
		"header again":          {columns: seed, line: rich},
		"header, quoted":        {line: "\ufeff\"date\", \"Time\",\"ip_address\""},
		"header glued to a row": {line: seed + "2026-11-22,14:05-09,203.0.113.7", address: "203.0.113.7"},
		"rich header glued": {
			line:    rich + "2026-11-22,14:05:09,203.0.113.7,sshd,5,3600,1,1795356309",
			address: "203.0.113.7", jail: "sshd",
		},
		"log": {columns: "log", line: "2026-11-22 14:05:09,123 fail2ban.actions        [12345]: " +
			"NOTICE  [sshd] Ban 203.0.113.7", address: "203.0.113.7", jail: "sshd"},
		"log without process": {columns: "log", line: "2026-11-22 14:05:09,123 fail2ban.actions: NOTICE  [sshd] " +
			"Ban 203.0.113.7", address: "203.0.113.7", jail: "sshd"},
		"log, jail with brackets": {columns: "log", line: "2026-11-22 14:05:09,123 fail2ban.actions        [1]: " +
			"NOTICE  [my jail] Ban 2001:DB8::1", address: "2001:db8::1", jail: "my jail"},
		"log, CIDR": {columns: "log", line: "2026-11-22 14:05:09,123 fail2ban.actions        [1]: " +
			"NOTICE  [sshd] Ban 198.51.100.0/24", address: "198.51.100.0/24", jail: "sshd"},
		"log, restored": {columns: "log", line: "2026-11-22 14:05:09,123 fail2ban.actions        [1]: " +
			"NOTICE  [sshd] Restore Ban 203.0.113.7"},
		"log, prolonged": {columns: "log", line: "2026-11-22 14:05:09,123 fail2ban.actions        [1]: " +
			"NOTICE  [sshd] Increase Ban 203.0.113.7 (2 # 0:20:00)"},
		"log, lifted": {columns: "log", line: "2026-11-22 14:05:09,123 fail2ban.actions        [1]: " +
			"NOTICE  [sshd] Unban 203.0.113.7"},
		"log, already": {columns: "log", line: "2026-11-22 14:05:09,123 fail2ban.actions        [1]: " +
			"NOTICE  [sshd] 203.0.113.7 already banned"},
		"log, found": {columns: "log", line: "2026-11-22 14:05:09,123 fail2ban.filter         [1]: " +
			"INFO    [sshd] Found 203.0.113.7 - 2026-11-22 14:05:09"},
		"log, quotes an attacker": {columns: "log", line: "2026-11-22 14:05:09,123 fail2ban.filter         [1]: " +
			"DEBUG x fail2ban.actions [1]: NOTICE [sshd] Ban 203.0.113.7"},
		"log, traceback": {columns: "log", line: "Traceback (most recent call last):"},
		"log, two lines in one": {
			columns: "log", line: "2026-11-22 14:05:09,123 fail2ban.actions [1]: NOTICE  " +
				"[sshd] Ban 203.0.2026-11-22 14:05:09,123 fail2ban.actions [1]: NOTICE  [sshd] Ban 203.0.113.7",
			bad: errUnfinished,
		},
		"log, no address": {columns: "log", line: "2026-11-22 14:05:09,123 fail2ban.actions [1]: NOTICE  " +
			"[sshd] Ban \u200b", bad: errAddress},
		"log, no such day": {columns: "log", line: "2026-13-22 14:05:09,123 fail2ban.actions [1]: NOTICE  " +
			"[sshd] Ban 203.0.113.7", bad: errTime},
	} {
		t.Run(name, func(t *testing.T) {
			format := "csv"
			if c.columns == "log" {
				format, c.columns = "log", ""
			}
			p := newParser(format, file{zone: time.UTC, cursor: store.Cursor{Columns: c.columns}})
			b, found, err := p.parse([]byte(c.line))
			if found != (c.address != "") {
				t.Errorf("found a ban: %t, error %v", found, err)
			}
			if found && (b.Address != c.address || b.Jail != c.jail) {
				t.Errorf("%q by %q, want %q by %q", b.Address, b.Jail, c.address, c.jail)
			}
			if want := at(t, time.UTC, when); found && !b.Time.Equal(want) {
				t.Errorf("at %v, want %v", b.Time, want)
			}
			if isOther(err) {
				err = nil
			}
			if !errors.Is(err, c.bad) {
				t.Errorf("error %v, want %v", err, c.bad)
			}
			if c.check != nil && !c.check(b) {
				t.Errorf("%+v", b)
			}
		})
	}
}

// Whatever a file contains, every good line is kept, the others are counted, and none is shown.
func TestR20BadLineCostsOnlyItself(t *testing.T) {
	long := "2026-11-22,14:05:09," + strings.Repeat("9", 70<<10) + "\n"
	bad := []string{
		"\"stray quote,\n", "a,b\n", strings.Repeat("x,", 50) + "\n", "\x00\x00\x00\n", "\xff\xfe\xfd\n", long,
		"2026-11-22,14:05:09\n", "9999-01-01,00:00:00,203.0.113.9\n", "2026-11-22,14:05:09,\"\"\n", ",,\n",
	}
	ignored := []string{"\n", "\r\n", seedHeader, "\ufeff" + seedHeader}
	p := newPlace(t)
	text := "\ufeff" + seedHeader
	for n, line := range append(bad, ignored...) {
		text += seedRow(2*n) + line + strings.ReplaceAll(seedRow(2*n+1), "\n", "\r\n")
	}
	p.write(p.path, text)
	p.step()
	p.want(ips(0, 2*(len(bad)+len(ignored)))...)
	s := p.status()
	if s.Rejects != int64(len(bad)) || len(s.Sample) != len(bad) {
		t.Errorf("%d rejects, %d in the sample, want %d: %v", s.Rejects, len(s.Sample), len(bad), s.Kinds)
	}
	t.Attr("reached", fmt.Sprintf("%d bad lines among %d good ones: %d bans kept, %d rejects counted", len(bad),
		2*(len(bad)+len(ignored)), s.Bans, s.Rejects))
	for n, r := range s.Sample {
		if want := int64(3*(len(bad)-1-n) + 3); r.Line != want {
			t.Errorf("sample %d is of line %d, want %d", n, r.Line, want)
		}
	}
	if want := int64(strings.Count(text, "\n")); s.Lines != want {
		t.Errorf("%d lines, want %d", s.Lines, want)
	}
}

// The sample has the latest rejects, and does not grow.
func TestR20SampleIsBounded(t *testing.T) {
	p := newPlace(t)
	p.write(p.path, seedHeader+strings.Repeat("bad\n", 30))
	p.step()
	p.append(p.path, strings.Repeat("a,b,c,d\n", 5))
	p.step()
	s := p.status()
	if len(s.Sample) != 20 || s.Sample[0].Line != 36 || s.Sample[0].Reason != string(errMany) ||
		s.Sample[19].Line != 17 {
		t.Errorf("sample %v", s.Sample)
	}
	if want := fmt.Sprint(map[string]int64{string(errFew): 30, string(errMany): 5}); fmt.Sprint(s.Kinds) != want {
		t.Errorf("kinds %v, want %v", s.Kinds, want)
	}
}

func FuzzParse(f *testing.F) {
	for _, line := range []string{
		"2026-11-22,14:05:09,203.0.113.7", "DATE,TIME,IP_ADDRESS2018-12-05,14:05-09,203.0.113.7", seedRow(1),
		richRow(1),
		"2026-11-22 14:05:09,123 fail2ban.actions [1]: NOTICE [sshd] Ban 203.0.113.7", "\"", ",,,,,,,,",
		"EPOCH,IP_ADDRESS",
		"2026-10-25,02:30:00,203.0.113.7,sshd,5,-1,1,,YWJj",
	} {
		f.Add(line, seedRow(2), false)
		f.Add(richHeader, line, true)
	}
	brussels, err := time.LoadLocation("Europe/Brussels")
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, first, second string, log bool) {
		format := "csv"
		if log {
			format = "log"
		}
		p := newParser(format, file{zone: brussels})
		for _, line := range []string{first, second} {
			if strings.Contains(line, "\n") {
				continue
			}
			b, found, err := p.parse([]byte(line))
			if !found {
				if err == nil {
					t.Fatalf("%q is neither a ban nor an error", line)
				}
				continue
			}
			if b.Address == "" || b.Address != store.Clean(b.Address, 100) || b.Jail != store.Clean(b.Jail, 60) {
				t.Errorf("%q gives %+v, which is not clean", line, b)
			}
			if address(b.Address) != b.Address {
				t.Errorf("%q gives %q, whose own form is %q", line, b.Address, address(b.Address))
			}
			if y := b.Time.UTC().Year(); y < firstYear-1 || y > lastYear+1 {
				t.Errorf("%q is of the year %d", line, y)
			}
			again := newParser(format, file{zone: brussels, cursor: store.Cursor{Columns: p.decision()}})
			if again.decision() != p.decision() {
				t.Errorf("columns %q come back as %q", p.decision(), again.decision())
			}
		}
	})
}
