package ingest

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"friendlyfire/store"
)

func TestPeekReadsTheEndByTheHeaderOfTheBeginning(t *testing.T) {
	p := newPlace(t)
	var text strings.Builder
	text.WriteString("JAIL,IP_ADDRESS,TIME,DATE,NOTE\n")
	for n := range 4000 {
		fmt.Fprintf(&text, "sshd,203.0.113.%d,12:00:%02d,2026-01-15,x\n", n%256, n%60)
	}
	text.WriteString("no ban\nsshd,203.0.113.7,12:01:") // half a line
	path := t.TempDir() + "/bans.csv"
	if err := os.WriteFile(path, []byte(text.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	touched := time.Date(2026, 1, 15, 11, 0, 40, 0, time.UTC)
	if err := os.Chtimes(path, touched, touched); err != nil {
		t.Fatal(err)
	}
	p.reader.Source, p.reader.Zone = Local{path}, time.UTC
	g, err := p.reader.Peek(t.Context())
	if err != nil || g.Last == nil {
		t.Fatal(g, err)
	}
	want := time.Date(2026, 1, 15, 12, 0, 39, 0, time.UTC) // of row 3,999
	if g.Bad != 1 || g.Why != "too few fields" || !g.Modified.Equal(touched) || !g.Written.Equal(want) ||
		g.Last.Address != "203.0.113.159" {
		t.Errorf("%+v, last %+v", g, g.Last)
	}
}

func TestPeekTakesTheTimeOfALogFromItsLastLine(t *testing.T) {
	p := newPlace(t)
	path := t.TempDir() + "/fail2ban.log"
	log := "2026-01-15 12:00:00,001 fail2ban.actions        [1]: NOTICE  [sshd] Ban 203.0.113.7\n" +
		"2026-01-15 13:00:00,001 fail2ban.actions        [1]: NOTICE  [sshd] Unban 203.0.113.7\n" +
		"  Traceback (most recent call last):\n"
	if err := os.WriteFile(path, []byte(log), 0o600); err != nil {
		t.Fatal(err)
	}
	p.reader.Source, p.reader.Zone = Local{path}, time.UTC
	g, err := p.reader.Peek(t.Context())
	if err != nil || g.Last == nil || g.Bad != 0 || !g.Last.Time.Equal(time.Date(2026, 1, 15, 12, 0, 0, 0, time.UTC)) ||
		!g.Written.Equal(time.Date(2026, 1, 15, 13, 0, 0, 0, time.UTC)) {
		t.Errorf("%+v, %v", g, err)
	}
}

// Fail2Ban's database is imported, not followed: whoever names it as a source is told so.
func TestSourceThatIsADatabaseIsRefused(t *testing.T) {
	p := newPlace(t)
	p.write(p.path, "SQLite format 3\x00\x10\x00\x01\x01\x00\x40\n2026-11-27 10:01:01,81.241.7.9\n")
	if _, err := p.reader.Peek(t.Context()); !errors.Is(err, ErrDatabase) {
		t.Errorf("check says %v", err)
	}
	if err := p.reader.Step(t.Context()); !errors.Is(err, ErrDatabase) {
		t.Errorf("the bot says %v", err)
	}
}

// What check says of a file is what the reader then finds in it: the same lines, bans and rejects.
func TestT04CheckIsWhatTheReaderDoes(t *testing.T) {
	files := map[string]string{
		"semicolons": "Datum;IP;Jail\n27.11.2026 10:01:01;203.0.113.7;sshd\nnonsense\n28.11.2026 10:01:01;" +
			"203.0.113.8;sshd\n",
		"own columns": "# since 2024\n203.0.113.7,1795773661,sshd\nnobody,1795773662,sshd\n203.0.113.8,1795773663," +
			"sshd\n",
		"two readings": "03/04/2026 10:01:01;203.0.113.7;sshd\n04/05/2026 10:01:01;203.0.113.8;sshd\n",
		"the original": "2026-11-27,10:01:01,203.0.113.7\n2026-11-27,10:01\n2026-11-27,10:01:03,203.0.113.8\n",
	}
	for _, e := range envelopes {
		var text strings.Builder
		for n, m := range messages {
			when := time.Date(2026, 11, 27, 10, n, 1, 0, time.UTC)
			text.WriteString(e.line(when, "web1", m.module, m.level, m.text) + "\n")
		}
		files[e.name] = text.String() + strings.Join(otherLines, "\n") + "\n"
	}
	for name, text := range files {
		t.Run(name, func(t *testing.T) {
			p := newPlace(t)
			p.write(p.path, text)
			said, err := p.reader.Peek(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			p.step()
			s := p.status()
			if got := s.Bans + s.Others[store.RepeatedBan]; int64(said.Lines) != s.Lines || int64(said.Bans) != got ||
				int64(said.Bad) != s.Rejects {
				t.Errorf("check says %d lines, %d bans, %d rejects; the reader finds %d, %d, %d",
					said.Lines, said.Bans, said.Bad, s.Lines, got, s.Rejects)
			}
		})
	}
}
