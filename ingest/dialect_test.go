package ingest

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf16"

	"friendlyfire/store"
)

// reading is what was read from a CSV file.
type reading struct {
	bans    []store.Ban
	rejects []string
	columns string
}

// readCSV reads a file of which the first KiB is known beforehand. If restart is set, every line is read by another
// parser, which knows only what is kept between two runs of the program.
func readCSV(text string, zone *time.Location, restart bool) (r reading) {
	p := newCSVParser("", &localTime{zone: zone})
	p.learn([]byte(text[:min(len(text), headBytes)]))
	for n, line := range slices.Collect(strings.Lines(text)) {
		if restart && n > 0 {
			p = newCSVParser(p.Columns(), &localTime{zone: zone, last: p.clock.last})
		}
		if b, found, err := p.parse(trimEnd([]byte(line))); found {
			r.bans = append(r.bans, b)
		} else if !isOther(err) {
			r.rejects = append(r.rejects, err.Error())
		}
	}
	r.columns = p.Columns()
	return r
}

// ban is what a test expects of a ban, as text.
func ban(b store.Ban) string {
	return strings.TrimSpace(b.Time.UTC().Format(time.DateTime) + " " + b.Address + " " + b.Jail)
}

// The bans that every file of TestCSVDialects has, if it names the jail.
var twoBans = []string{"2026-11-27 10:01:01 81.241.7.9 sshd", "2026-11-27 10:02:01 2001:db8::9 sshd"}

// A CSV file of somebody's own action is read as it is.
func TestCSVDialectsAreReadAsTheyAre(t *testing.T) {
	for name, text := range map[string]string{
		"semicolons": "DATE;TIME;IP_ADDRESS;JAIL\n2026-11-27;10:01:01;81.241.7.9;sshd\n2026-11-27;10:02:01;" +
			"2001:db8::9;sshd\n",
		"tabs": "DATE\tTIME\tIP_ADDRESS\tJAIL\n2026-11-27\t10:01:01\t81.241.7.9\tsshd\n" +
			"2026-11-27\t10:02:01\t2001:db8::9\tsshd\n",
		"pipes": "date|time|ip|jail\n2026-11-27|10:01:01|81.241.7.9|sshd\n" +
			"2026-11-27|10:02:01|2001:db8::9|sshd\n",
		"blanks": "2026-11-27 10:01:01   81.241.7.9  sshd\n2026-11-27 10:02:01 2001:db8::9 sshd\n",
		"blanks, header": "date time ip jail\n2026-11-27 10:01:01   81.241.7.9  sshd\n2026-11-27 10:02:01 " +
			"2001:db8::9 sshd\n",
		"blanks, epoch": "1795773661 sshd 81.241.7.9\n1795773721 sshd 2001:db8::9\n",
		"table with rules": "+----+----+----+\n| ip | time | jail |\n+----+----+----+\n| 81.241.7.9 | 2026-11-27 " +
			"10:01:01 | sshd |\n| 2001:db8::9 | 2026-11-27 10:02:01 | sshd |\n+----+----+----+\n",
		"line for Excel": "sep=;\nip;time;jail\n81.241.7.9;2026-11-27 10:01:01;sshd\n2001:db8::9;2026-11-27 " +
			"10:02:01;sshd\n",
		"address first":   "81.241.7.9,1795773661,sshd\n2001:db8::9,1795773721.5,sshd\n",
		"milliseconds":    "IP_ADDRESS,JAIL,EPOCH\n81.241.7.9,sshd,1795773661000\n2001:db8::9,sshd,1795773721999\n",
		"microseconds":    "ts,ip,jail\n1795773661000000,81.241.7.9,sshd\n1795773721000001,2001:db8::9,sshd\n",
		"decimals, comma": "ts;ip;jail\n1795773661,25;81.241.7.9;sshd\n1795773721,5;2001:db8::9;sshd\n",
		"one column": "DATE,IP_ADDRESS,JAIL\n2026-11-27 10:01:01,81.241.7.9,sshd\n2026-11-27 10:02:01," +
			"2001:db8::9,sshd\n",
		"time is all": "ip,time,name\n81.241.7.9,2026-11-27T10:01:01,sshd\n2001:db8::9,1795773721,sshd\n",
		"with zones": "timestamp,ip,jail\n2026-11-27T10:01:01Z,81.241.7.9,sshd\n" +
			"2026-11-27T11:02:01.250+01:00,2001:db8::9,sshd\n",
		"slashes": "DATE,TIME,IP_ADDRESS,JAIL\n2026/11/27,10:01:01,81.241.7.9,sshd\n11/27/2026,10:02:01," +
			"2001:db8::9,sshd\n",
		"days first": "27/11/2026 10:01:01;81.241.7.9;sshd\n27/11/2026 10:02:01;2001:db8::9;sshd\n",
		"German": "Datum;Uhrzeit;IP-Adresse;Jail\n27.11.2026;10:01:01;81.241.7.9;sshd\n27.11.2026;" +
			"10:02:01;2001:db8::9;sshd\n",
		"French": "\ufeffDate;Heure;Adresse IP;Jail\n27/11/2026;10:01:01;81.241.7.9;sshd\n27/11/2026;" +
			"10:02:01;2001:db8::9;sshd\n",
		"names of months": "jail,when,ip\nsshd,Nov 27 10:01:01 2026,81.241.7.9\nsshd,\"Fri, 27 Nov 2026 10:02:01 " +
			"+0000\",2001:db8::9\n",
		"web server's": "[27/Nov/2026:10:01:01 +0000];81.241.7.9;sshd\n[27/Nov/2026:11:02:01 +0100];" +
			"2001:db8::9;sshd\n",
		"date(1)": "81.241.7.9,Fri Nov 27 10:01:01 UTC 2026,sshd\n2001:db8::9,Fri Nov 27 10:02:01 UTC " +
			"2026,sshd\n",
		"twelve hours": "\"11/27/2026, 10:01:01 AM\",81.241.7.9,sshd\n\"11/27/2026, 10:02:01 AM\",2001:db8::9," +
			"sshd\n",
		"no separators": "ip,stamp,jail\n81.241.7.9,20261127T100101Z,sshd\n2001:db8::9,20261127T100201Z,sshd\n",
		"comments": "# written by the action in fail2ban.local\n// since 2024\n\nDATE,TIME,IP,JAIL\n" +
			"2026-11-27,10:01:01,81.241.7.9,sshd\n# restart\n2026-11-27,10:02:01,2001:db8::9,sshd\n",
		"header in comment": "#ip;time;jail\n81.241.7.9;2026-11-27 10:01:01;sshd\n2001:db8::9;2026-11-27 10:02:01;" +
			"sshd\n",
		"quotes": "\"Time\";\"IP\";\"Country\";\"Jail\"\n\"2026-11-27 10:01:01\";\"81.241.7.9\";\"Korea; " +
			"\"\"South\"\"\";\"sshd\"\n\"2026-11-27 10:02:01\";\"2001:db8::9\";\"\";\"sshd\"\n",
		"quoted comma": "DATE,TIME,IP_ADDRESS,JAIL,COUNTRY\n2026-11-27,10:01:01,81.241.7.9,sshd,\"Korea, " +
			"Republic of\"\n2026-11-27,10:02:01,2001:db8::9,sshd,Belgium\n",
		"stray quote": "DATE,TIME,IP_ADDRESS,JAIL,NOTE\n2026-11-27,10:01:01,81.241.7.9,sshd,\"what\n" +
			"2026-11-27,10:02:01,2001:db8::9,sshd,5\" disk\n",
		"ports and masks": "time,ip,jail\n2026-11-27 10:01:01,81.241.7.9:4242,sshd\n2026-11-27 10:02:01," +
			"[2001:DB8::9]:22,sshd\n",
		"single addresses": "2026-11-27 10:01:01,81.241.7.9/32,sshd\n2026-11-27 10:02:01,2001:db8::9/128,sshd\n",
		"foreign header": "cuando,quien,donde\n2026-11-27 10:01:01,81.241.7.9,sshd\n2026-11-27 10:02:01," +
			"2001:db8::9,sshd\n",
		"weak name": "host,attacker,when,jail\nweb1,81.241.7.9,2026-11-27 10:01:01,sshd\nweb1,2001:db8::9," +
			"2026-11-27 10:02:01,sshd\n",
		"two addresses": "date,time,server,ip,jail\n2026-11-27,10:01:01,10.0.0.5,81.241.7.9,sshd\n2026-11-27," +
			"10:02:01,10.0.0.5,2001:db8::9,sshd\n",
		"end of the ban": "ip,time_of_ban,until,jail\n81.241.7.9,1795773661,1795774261,sshd\n2001:db8::9," +
			"1795773721,1795774321,sshd\n",
		"other events": "time,event,ip,jail\n2026-11-27 10:01:01,ban,81.241.7.9,sshd\n2026-11-27 10:01:31," +
			"unban,198.51.100.1,sshd\n2026-11-27 10:02:01,ban,2001:db8::9,sshd\n",
		"in UTC, it says": "time (UTC),ip,jail\n2026-11-27 10:01:01,81.241.7.9,sshd\n2026-11-27 10:02:01," +
			"2001:db8::9,sshd\n",
		"order, it says": "date (dd/mm/yyyy),time,ip,jail\n27/11/2026,10:01:01,81.241.7.9,sshd\n27/11/2026," +
			"10:02:01,2001:db8::9,sshd\n",
		"header comes late": "2026-11-27,10:01:01,81.241.7.9,sshd\n" +
			"ip;time;jail\n2001:db8::9;2026-11-27 10:02:01;sshd\n",
		"CR": "ip;time;jail\r\n81.241.7.9;2026-11-27 10:01:01;sshd\r\n2001:db8::9;2026-11-27 " +
			"10:02:01;sshd\r\n",
		"many columns": "a,b,c,d,ip,e,f,time,g,h,jail,i,j,k,l,m,n,o,p,q\n,,,,81.241.7.9,,,2026-11-27 10:01:01,,," +
			"sshd,,,,,,,,,\n" +
			",,,,2001:db8::9,,,2026-11-27 10:02:01,,,sshd,,,,,,,,,\n",
	} {
		t.Run(name, func(t *testing.T) {
			for _, text := range []string{text, utf16File(text, true), utf16File(text, false)} {
				for _, restart := range []bool{false, true} {
					r := readCSV(text, time.UTC, restart)
					var got []string
					for _, b := range r.bans {
						got = append(got, ban(b))
					}
					if !slices.Equal(got, twoBans) || len(r.rejects) > 0 {
						t.Errorf("restart %t: %q, rejects %q, columns %q; want %q", restart, got, r.rejects, r.columns,
							twoBans)
					}
					if len(r.columns) > 200 {
						t.Errorf("columns %q are too long", r.columns)
					}
				}
			}
		})
	}
}

// utf16File is the text in UTF-16 with a byte order mark.
func utf16File(text string, little bool) string {
	var b []byte
	for _, u := range utf16.Encode([]rune("\ufeff" + strings.TrimPrefix(text, "\ufeff"))) {
		if little {
			b = append(b, byte(u), byte(u>>8))
		} else {
			b = append(b, byte(u>>8), byte(u))
		}
	}
	return string(b)
}

// What Fail2Ban's client lists is read with the length of the bans.
func TestCSVListOfFail2BanClient(t *testing.T) {
	r := readCSV("81.241.7.9 \t2026-11-27 10:01:01 + 600 = 2026-11-27 10:11:01\n"+
		"198.51.100.4 \t2026-11-27 10:02:01 + -1 = 9999-12-31 23:59:59\n", time.UTC, true)
	if len(r.bans) != 2 || len(r.rejects) > 0 || ban(r.bans[0]) != "2026-11-27 10:01:01 81.241.7.9" ||
		r.bans[0].BanTime != 600 || r.bans[1].BanTime != -1 {
		t.Errorf("%+v", r)
	}
}

// What cannot be read is refused, and the reason says what was seen.
func TestCSVRefusesInClearWords(t *testing.T) {
	const row = "2026-11-27,10:01:01,"
	for name, c := range map[string]struct {
		text string
		want reason
	}{
		"jail is no address":        {row + "sshd\n", errNoAddressColumn},
		"no address at all":         {"2026-11-27;10:01:01;sshd\n", delimiters[1].unknown},
		"tabs":                      {"2026-11-27\t10:01:01\tsshd\n", delimiters[0].unknown},
		"list of addresses":         {"81.241.7.9\n", errNoTimeColumn},
		"list with header":          {"ip\n81.241.7.9\n", errNoTimeColumn},
		"no time":                   {"81.241.7.9,sshd\n", errNoTimeColumn},
		"no year":                   {"Nov 27 10:01:01,81.241.7.9,sshd\n", errNoTimeColumn},
		"date alone":                {"date,ip\n2026-11-27,81.241.7.9\n", errNoTimeColumn},
		"two addresses":             {row + "10.0.0.5,81.241.7.9\n", errAddressColumns},
		"times back to front":       {"81.241.7.9,1795774261,1795773661\n", errTimeColumns},
		"day or month":              {"03/04/2026,10:01:01,81.241.7.9\n", errOrder},
		"day or month, with header": {"date,time,ip\n03/04/2026,10:01:01,81.241.7.9\n", errOrder},
		"another zone":              {"time,ip\nFri Nov 27 10:01:01 CET 2026,81.241.7.9\n", errZone},
		"host name":                 {"time,ip\n2026-11-27 10:01:01,evil.example.com\n", errAddress},
		"words":                     {"2026-11-27 10:01:01 client 81.241.7.9 did something\n", errBlanks},
		"log": {
			"2026-11-27 10:01:01 fail2ban.filter [1]: INFO [sshd] Found 81.241.7.9\n",
			errBlanks,
		},
		"too many columns": {strings.Repeat("x,", 70) + "\n", errColumns},
	} {
		t.Run(name, func(t *testing.T) {
			r := readCSV(c.text, time.UTC, false)
			if len(r.bans) > 0 || !slices.Equal(r.rejects, []string{string(c.want)}) {
				t.Errorf("%v, rejects %q by columns %q, want %q", r.bans, r.rejects, r.columns, c.want)
			}
		})
	}
}

// A date that could be read in two ways is read only if another line, or the header, has proved the order; after a
// proof of both orders, no longer.
func TestCSVOrderOfDayAndMonthIsProvedNotGuessed(t *testing.T) {
	for name, c := range map[string]struct {
		dates []string
		want  []string // "": refused
	}{
		"month first":  {[]string{"11/27/2026", "03/04/2026"}, []string{"2026-11-27", "2026-03-04"}},
		"day first":    {[]string{"27-11-2026", "03-04-2026"}, []string{"2026-11-27", "2026-04-03"}},
		"proved later": {[]string{"03/04/2026", "27/11/2026"}, []string{"2026-04-03", "2026-11-27"}},
		"never proved": {[]string{"03/04/2026", "05/05/2026"}, []string{"", "2026-05-05"}},
		"contradiction": {
			[]string{"11/27/2026", "27/11/2026", "03/04/2026"},
			[]string{"2026-11-27", "2026-11-27", ""},
		},
		"dots: day first": {[]string{"03.04.2026", "3.4.2026"}, []string{"2026-04-03", "2026-04-03"}},
	} {
		t.Run(name, func(t *testing.T) {
			text, want, refused := "", []string{}, 0
			for n, date := range c.dates {
				text += date + " 12:00:00,81.241.7.9\n"
				if c.want[n] != "" {
					want = append(want, c.want[n]+" 12:00:00 81.241.7.9")
				} else {
					refused++
				}
			}
			r := readCSV(text, time.UTC, true)
			got := []string{}
			for _, b := range r.bans {
				got = append(got, ban(b))
			}
			if !slices.Equal(got, want) || len(r.rejects) != refused {
				t.Errorf("%q, rejects %q, columns %q; want %q", got, r.rejects, r.columns, want)
			}
		})
	}
}

// A time with a zone does not depend on the zone of the source, one without does.
func TestCSVZoneOfTheLineWins(t *testing.T) {
	brussels := zone(t, "Europe/Brussels")
	for written, want := range map[string]string{
		"2026-11-27 10:01:01":             "09:01",
		"2026-11-27T10:01:01Z":            "10:01",
		"2026-11-27T10:01:01+05:30":       "04:31",
		"2026-11-27 10:01:01 -0500":       "15:01",
		"1795773661":                      "10:01",
		"Fri Nov 27 10:01:01 CET 2026":    "09:01",
		"Fri Jul 10 10:01:01 CEST 2026":   "08:01",
		"27 Nov 2026, 10:01 PM":           "21:01",
		"Fri, 27 Nov 2026 10:01:01 GMT":   "10:01",
		"2026-11-27 10:01:01,123":         "09:01",
		"2026-11-27_10:01:01":             "09:01",
		"November 27, 2026 10:01:01":      "09:01",
		"2026-11-27T10:01:01.123456789Z":  "10:01",
		"2026-11-27 10:01:01 UTC":         "10:01",
		"2026-11-27T10:01:01.000001+0100": "09:01",
	} {
		r := readCSV("81.241.7.9;"+written+"\n", brussels, false)
		if len(r.bans) != 1 || r.bans[0].Time.UTC().Format("15:04") != want {
			t.Errorf("%q: %v %q, want %s", written, r.bans, r.rejects, want)
		}
	}
}

// A line of a file in another dialect that lost its end costs only itself.
func TestCSVTornLineInAnotherDialect(t *testing.T) {
	const (
		first = "2026-11-27 10:01:01;81.241.7.1;sshd\n"
		torn  = "2026-11-27 10:02:01;81.241.7.2;sshd"
		last  = "2026-11-27 10:03:01;81.241.7.3;sshd\n"
	)
	for _, header := range []string{"", "time;ip;jail\n"} {
		for at := 1; at < len(torn); at++ {
			r := readCSV(header+first+torn[:at]+last, time.UTC, false)
			if len(r.bans) != 2 || r.bans[1].Address != "81.241.7.3" || ban(r.bans[1])[:19] != "2026-11-27 10:03:01" {
				t.Errorf("torn at %d: %v, rejects %q", at, r.bans, r.rejects)
			}
		}
	}
}

// The bytes of a hostile line neither crash the parser nor make it keep much.
func TestCSVHostileLines(t *testing.T) {
	for _, unit := range []string{
		"\"", ",", ";", "\"\",", "2026-11-27,", " ", "\x00a", "81.241.7.9,", "a ", "\"a,",
		"1", "+ 1 = ", "2026-11-27 ",
	} {
		p := newCSVParser("", &localTime{zone: time.UTC})
		begun := time.Now()
		for range 3 {
			p.parse([]byte(strings.Repeat(unit, maxLine/len(unit)))) // what it says does not matter
		}
		if took := time.Since(begun); took > 5*time.Second {
			t.Errorf("three lines of %q take %s", unit, took)
		}
		if cap(p.fields) > 1000 || cap(p.unquoted) > 4*maxLine || len(p.Columns()) > 200 {
			t.Errorf("a line of %q leaves %d fields, %d bytes, columns %q", unit, cap(p.fields), cap(p.unquoted),
				p.Columns())
		}
	}
}

func FuzzCSV(f *testing.F) {
	for _, text := range []string{
		"81.241.7.9 \t2026-11-27 10:01:01 + 600 = 2026-11-27 10:11:01\n", "ip;time\n[::1]:22;1795773661000\n",
		"date|time|ip\n",
		"03/04/2026,1:00 PM,1.2.3.4\n27/11/2026,1:00 PM,1.2.3.4\n", "\xff\xfe1\x00,\x00\n", "\"a\"\"b\",\"1.2.3.4\"," +
			"1795773661\n",
		"HOST,?,+,-\n", "#ip,ts\n", seedHeader + seedRow(1), richRow(1), "[27/Nov/2026:10:01:01 +0000];81.241.7.9;" +
			"sshd\n",
	} {
		f.Add(text, "IP,DATETIME,+,JAIL blank mixed utc")
	}
	brussels := zone(f, "Europe/Brussels")
	f.Fuzz(func(t *testing.T, text, columns string) {
		for _, columns := range []string{"", columns} {
			p := newCSVParser(columns, &localTime{zone: brussels})
			p.learn([]byte(text))
			for line := range strings.Lines(text) {
				line = strings.TrimRight(line, "\r\n")
				before := len(p.Columns())
				b, found, err := p.parse([]byte(line))
				if !found && err == nil {
					t.Fatalf("%q is neither a ban nor an error", line)
				}
				if found && !strings.ContainsRune(line, 0) && b.Address == onlyAddress(b.Address) &&
					!names(line, b.Address) {
					t.Errorf("%q has no %s", line, b.Address)
				}
				if again := parseDialect(p.Columns()); again.String() != p.Columns() {
					t.Errorf("%q comes back as %q", p.Columns(), again.String())
				}
				if now := len(p.Columns()); now > max(200, before) {
					t.Errorf("columns of %d characters: %q", now, p.Columns())
				}
			}
		}
	})
}

// names reports whether any part of the line is this address.
func names(line, address string) bool {
	for _, field := range strings.FieldsFunc(line, func(r rune) bool {
		return strings.ContainsRune(",;|\"\t \ufeff",
			r)
	}) {
		if onlyAddress(field) == address {
			return true
		}
	}
	return false
}

// TestCSVCorpus reads collected files, if WILD_CORPUS names their directory. Its expected.tsv tells for each file the
// number of bans, and the hours in UTC in which they are.
func TestCSVCorpus(t *testing.T) {
	folder := os.Getenv("WILD_CORPUS")
	if folder == "" {
		t.Skip("WILD_CORPUS names no folder of files")
	}
	table, err := os.ReadFile(filepath.Join(folder, "expected.tsv"))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(table)) {
		columns := strings.Split(line, "\t")
		if ext := filepath.Ext(columns[1]); len(columns) < 5 || ext != ".csv" && ext != ".tsv" && ext != ".txt" {
			continue
		}
		text, err := os.ReadFile(filepath.Join(folder, columns[1]))
		if err != nil {
			t.Error(err)
			continue
		}
		r := readCSV(string(text), time.UTC, false)
		var hours []string
		for _, b := range r.bans {
			if h := b.Time.UTC().Format("15"); !slices.Contains(hours, h) {
				hours = append(hours, h)
			}
		}
		want := strings.Split(columns[4], "/")
		got := fmt.Sprint(len(r.bans))
		if got != want[0] || strings.Join(hours, " and ") != want[2] {
			t.Errorf("%s: %s bans in the hours %v, rejects %q, want %s", columns[1], got, hours, r.rejects, columns[4])
		}
		t.Logf("%s: %s bans in the hours %v, want %s; columns %q, rejects %q", columns[1], got, hours, columns[4],
			r.columns, r.rejects)
	}
}
