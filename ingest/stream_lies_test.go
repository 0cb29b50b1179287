package ingest

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"friendlyfire/stream"
)

func TestF07AnAgentThatLiesIsRefused(t *testing.T) {
	t.Parallel()
	f := newFleet(t)
	f.cluster.DeleteStream("BANS")
	config := f.cluster.Config("BANS")
	config.MaxMsgSize = -1
	f.cluster.MakeStream(config)
	now := time.Now()
	good := record(f, 1, "203.0.113.1", now)
	f.stream.Configured = []string{"own"}
	change := func(from, to string) []byte {
		f.Helper()
		text := strings.Replace(string(good), from, to, 1)
		if text == string(good) {
			f.Fatalf("%s has no %s", good, from)
		}
		return []byte(text)
	}
	want := map[string]int64{}
	refuse := func(why reason, subject string, data []byte) {
		f.Helper()
		want[string(why)]++
		f.publish(subject, data)
	}
	refuse(errLie, "bans.web2", good)
	refuse(errSubject, "bans.%77eb1", good)
	refuse(errSubject, "bans."+strings.Repeat("x", 41), good)
	refuse(errOwn, "bans.own", change(`"web1"`, `"own"`))
	refuse(errTooLong, "bans.web1", make([]byte, 10<<20))
	refuse(errTooLong, "bans.web1", change(`"sshd"`, `"`+strings.Repeat("x", stream.MaxMessage)+`"`))
	for _, text := range []string{"", "\x00\xff", "[]", "null", "{}", `{"v":1}`, `"web1"`, strings.Repeat("[", 10_000)} {
		why := errNoAgent
		if text == `{"v":1}` {
			why = errLie
		}
		refuse(why, "bans.web1", []byte(text))
	}
	refuse(errNoAgent, "bans.web1", change(`"v":1`, `"v":0`))
	refuse(errNoAgent, "bans.web1", change(`"nth":1`, `"nth":"1"`))
	refuse(errNoAgent, "bans.web1", change(`"time":`, `"time":9999`+strings.Repeat("9", 20)))
	refuse(errNewer, "bans.web1", change(`"v":1`, `"v":2`))
	refuse(errYear, "bans.web1", change(`"time":`, `"time":9`))
	refuse(errYear, "bans.web1", change(`"time":`, `"time":-`))
	refuse(errContent, "bans.web1", change(`"203.0.113.1"`, `""`))
	refuse(errContent, "bans.web1", change(`"nth":1`, `"nth":-1`))
	refuse(errContent, "bans.web1", change(`"nth":1`, `"failures":-5`))
	refuse(errContent, "bans.web1", change(`"nth":1`, `"ban_time":-2`))
	refuse(errContent, "bans.web1", change(`"nth":1`, `"pace":"1 <b>"`))
	refuse(errContent, "bans.web1", change(`"ban"`, `"lifted","address":""`))
	refuse(errContent, "bans.web1", change(`"ban"`, `"rule","setting":"usedns"`))
	f.publish("bans.web1", change(`"ban"`, `"poem"`)) // a later agent's
	f.publish("bans.web1", change(`"sshd"`, `"ss\u202ehd\n"`))
	f.publish("bans.web1", good)
	f.read()
	s := f.state()
	if diff := cmp.Diff(want, s.Kinds); diff != "" {
		t.Errorf("refused (-want +got):\n%s", diff)
	}
	got := banned(t, f.bot)
	if len(got) != 2 || strings.ContainsAny(strings.Join(got, ""), "\u202e\n") {
		t.Errorf("bans %q, want the two good ones, clean", got)
	}
	if s.Lines != s.Bans+s.Rejects+1 || s.Others[otherKind] != 1 {
		t.Errorf("%d messages, but %d bans, %d rejects, others %v", s.Lines, s.Bans, s.Rejects, s.Others)
	}
}
