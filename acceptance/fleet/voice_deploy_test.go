package fleet

import (
	"strings"
	"testing"
	"time"

	"friendlyfire/acceptance/harness"
	"friendlyfire/stream/streamtest"
)

func TestTheShippedServersLetABotSpeak(t *testing.T) {
	t.Parallel()
	s := newShipped(t, harness.Change{"[enrich]\n", "[fleet]\nname = \"bot-a\"\n[enrich]\n"})
	s.bot.MustRun("nats", "stream")
	if out := s.bot.MustRun("check"); !strings.Contains(out, "note     voice: there is no stream VOICE yet") {
		t.Errorf("before the first start, check says\n%s", out)
	}
	run := s.bot.Start()
	harness.Await(t, time.Minute, "a bot that speaks", func() bool {
		return strings.Contains(run.Text(), "this bot speaks from now on")
	})
	out := s.bot.MustRun("check")
	for _, want := range []string{
		"ok       voice: bot-a speaks since ", "; this is bot-a\n", "note     voice: what the bots tell each other is on 1 of three servers",
		"note     voice: one bot runs, and nobody stands by",
	} {
		if !strings.Contains(out, want) {
			t.Errorf("check does not say %q:\n%s", want, out)
		}
	}
	conn, refused := s.connect(s.bot)
	for _, subject := range []string{"$JS.API.STREAM.DELETE.VOICE", "$JS.API.STREAM.PURGE.VOICE", "$JS.API.STREAM.UPDATE.VOICE", "bans.web1"} {
		s.refuses(conn, refused, "to the bot, to publish to "+subject, func() error { return conn.Publish(subject, nil) })
	}
	run.Stop()
	if out := s.bot.MustRun("check"); !strings.Contains(out, "ok       voice: nobody speaks just now") {
		t.Errorf("after the stop, check says\n%s", out)
	}
}

func TestABotOfAFleetDoesNotRunUnnamedOrForAMoment(t *testing.T) {
	t.Parallel()
	cluster := streamtest.Start(t, 1, nil)
	s := harness.NewScene(t, harness.TableOnly, harness.Change{
		"[enrich]\n", "[fleet]\nnats = \"" + cluster.URLs + "\"\n[enrich]\n",
	})
	if _, stderr, code := s.Run(); code != 78 || !strings.Contains(stderr, "fleet.name: is missing") {
		t.Errorf("unnamed: code %d: %s", code, stderr)
	}
	s.Reconfigure("[fleet]\n", "[fleet]\nname = \"bot-a\"\n")
	if _, stderr, code := s.Run("run", "--once"); code != 78 || !strings.Contains(stderr, "does not go with --once") {
		t.Errorf("once: code %d: %s", code, stderr)
	}
}
