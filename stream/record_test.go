package stream

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"friendlyfire/store"
)

func TestARecordIsReadAsItWasWritten(t *testing.T) {
	at := time.Unix(1795773661, 0)
	for name, o := range map[string]store.Outgoing{
		"ban": {Server: "web1", Ban: &store.Ban{
			Time: at, Address: "2001:db8::7", Jail: "sshd", Failures: 5, BanTime: -1, BanCount: 3, Nth: 2, Pace: "9 3 6",
			Matches: "Failed password for <anna> & \"bob\"",
		}},
		"lifted": {Server: "web1", End: &store.End{Kind: store.Lifted, Jail: "sshd", Address: "203.0.113.7", At: at}},
		"prolonged": {Server: "web1", End: &store.End{
			Kind: store.Prolonged, Jail: "sshd", Address: "203.0.113.7", At: at, Until: at.Add(time.Hour),
		}},
		"started": {Server: "büro", End: &store.End{Kind: store.Started, At: at}},
		"rule":    {Server: "web1", Rule: &store.Rule{Jail: "sshd", Setting: store.MaxRetry, Value: 5, At: at}},
	} {
		want := newRecord(&o)
		data, err := want.encode()
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		got, err := Decode(data)
		if diff := cmp.Diff(want, got); err != nil || diff != "" || string(want.Kind) != name {
			t.Errorf("%s (%v) (-want +got):\n%s", name, err, diff)
		}
	}
}

// The latest log lines are the ones that made the ban.
func TestALongRecordKeepsItsLatestLines(t *testing.T) {
	var lines []string
	for i := range 1000 {
		lines = append(lines, fmt.Sprintf("%03d %s", i, strings.Repeat("\x01", 20))) // which JSON writes sixfold
	}
	r := Record{Version: Version, Kind: Ban, Matches: strings.Join(lines, "\n")}
	data, err := r.encode()
	if err != nil || len(data) > MaxMessage || len(data) < MaxMessage*9/10 {
		t.Fatalf("%d bytes (%v), want nearly %d", len(data), err, MaxMessage)
	}
	got, err := Decode(data)
	if err != nil || !strings.HasSuffix(got.Matches, lines[999]) || !strings.HasPrefix(got.Matches[4:], "\x01") {
		t.Errorf("%.50q … (%v), want whole lines, the last one among them", got.Matches, err)
	}
	r.Matches, r.Jail = strings.Repeat("\x01", MaxMessage), "sshd"
	if data, err := r.encode(); err != nil || len(data) > MaxMessage {
		t.Errorf("one long line makes %d bytes (%v)", len(data), err)
	}
}

func TestWhatIsNoRecordIsRefused(t *testing.T) {
	if _, err := Decode([]byte(`{"v":2}`)); !errors.Is(err, ErrNewer) {
		t.Errorf("got %v, want %v", err, ErrNewer)
	}
	if r, err := Decode([]byte(`{"v":1,"later":{"x":[1]}}`)); err != nil || r.Version != 1 {
		t.Errorf("a key of a later release is refused: %v", err)
	}
	for _, text := range []string{"", "[]", `"x"`, `{"v":"1"}`, `{"v":1e99}`, strings.Repeat(" ", MaxMessage) + "{}"} {
		if _, err := Decode([]byte(text)); err == nil {
			t.Errorf("%.20q is taken for a record", text)
		}
	}
}

// Of what is on its way at a time no two are about the same ban: if one were lost, they would change places.
func TestWhatDependsOnTheOrderIsPublishedApart(t *testing.T) {
	ban := func(address string) store.Outgoing {
		return store.Outgoing{Server: "web1", Ban: &store.Ban{Jail: "sshd", Address: address}}
	}
	end := func(kind store.EndKind, jail, address string) store.Outgoing {
		return store.Outgoing{Server: "web1", End: &store.End{Kind: kind, Jail: jail, Address: address}}
	}
	rule := store.Outgoing{Server: "web1", Rule: &store.Rule{}}
	for name, test := range map[string]struct {
		all  []store.Outgoing
		want int
	}{
		"others":         {[]store.Outgoing{ban("a"), ban("b"), rule, rule, ban("c")}, 5},
		"ban and end":    {[]store.Outgoing{ban("a"), ban("b"), end(store.Lifted, "sshd", "a"), ban("c")}, 2},
		"other jail":     {[]store.Outgoing{ban("a"), end(store.Lifted, "web", "a")}, 2},
		"start first":    {[]store.Outgoing{end(store.Started, "", ""), ban("a")}, 1},
		"start later":    {[]store.Outgoing{ban("a"), ban("b"), end(store.Started, "", "")}, 2},
		"same ban twice": {[]store.Outgoing{ban("a"), ban("a")}, 1},
		"purged":         {[]store.Outgoing{{Server: "web1"}, {Server: "web1"}, ban("a")}, 3},
	} {
		if got := len(independent(test.all)); got != test.want {
			t.Errorf("%s: %d at a time, want %d", name, got, test.want)
		}
	}
}

// FuzzDecode looks for messages that make the reader panic.
func FuzzDecode(f *testing.F) {
	f.Add([]byte(`{"v":1,"server":"web1","kind":"ban","time":1795773661,"jail":"sshd","address":"203.0.113.1","nth":1}`))
	f.Add([]byte("\x00"))
	f.Fuzz(func(t *testing.T, data []byte) {
		if r, err := Decode(data); err == nil && r.Version > Version {
			t.Errorf("%q is read as version %d", data, r.Version)
		}
	})
}
