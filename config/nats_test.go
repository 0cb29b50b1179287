package config_test

import (
	"strings"
	"testing"

	"friendlyfire/config"
)

func TestAStreamIsNamedWithoutMistakes(t *testing.T) {
	noTokens(t)
	seed := writeFile(t, "SUAM", 0o600)
	open := writeFile(t, "SUAM", 0o644)
	source := func(lines string) string { return "friendly = []\n[[source]]\nname = \"fleet\"\n" + lines }
	const good = "nats = \"nats://a.example.org:4222, b.example.org\"\nstream = \"BANS\"\n"
	for name, test := range map[string]struct{ text, want string }{
		"good":        {source(good + "nats_credentials = \"" + seed + "\""), ""},
		"no stream":   {source("nats = \"a.example.org\""), `expected the name of a stream, such as "BANS"`},
		"subject":     {source("nats = \"a.example.org\"\nstream = \"BANS.>\""), `expected the name of a stream, such as "BANS"`},
		"no servers":  {source("path = \"bans.csv\"\nstream = \"BANS\""), "has no effect without nats, the servers of the stream"},
		"and a file":  {source(good + "path = \"bans.csv\""), "is for a file, and this source is a stream"},
		"and an act":  {source(good + "act = \"local\""), "is for a file, and this source is a stream"},
		"no server":   {source("nats = \"a,\"\nstream = \"BANS\""), "expected servers, such as nats://a.example.org:4222,b.example.org:4222"},
		"http":        {source("nats = \"http://a\"\nstream = \"BANS\""), "expected servers, such as nats://a.example.org:4222,b.example.org:4222"},
		"password":    {source("nats = \"nats://anna:canary@a\"\nstream = \"BANS\""), "must hold no user and no password"},
		"path":        {source("nats = \"nats://a/x\"\nstream = \"BANS\""), "must hold nothing behind the port"},
		"port":        {source("nats = \"a:99999\"\nstream = \"BANS\""), "nats: "},
		"open file":   {source(good + "nats_credentials = \"" + open + "\""), "others may read it (mode 0644)"},
		"no file":     {source(good + "nats_ca = \"/nonexistent\""), "cannot be read: no such file or directory"},
		"impatient":   {source(good + "silent_after = \"1h\""), "expected 3h to 8760h"},
		"twice":       {source(good + "[[source]]\nname = \"again\"\n" + good), "is that of source[1] as well"},
		"fleet":       {below("[fleet]\nnats = \"a\"\nnats_credentials = \"" + open + "\""), "others may read it (mode 0644)"},
		"no fleet":    {below("[fleet]\nnats_ca = \"" + seed + "\""), "has no effect without nats, the servers"},
		"fleet alone": {below("[fleet]\nnats = \"a,b,c\""), ""},
	} {
		got := mistakes(t, test.text, config.ToRun)
		if test.want == "" && got != "" || !strings.Contains(got, test.want) || strings.Contains(got, "canary") {
			t.Errorf("%s: got %q, want %q", name, got, test.want)
		}
	}
	for list, encrypted := range map[string]bool{
		"127.0.0.1:4222": false, "localhost,[::1]:4223": false, "tls://localhost": true, "localhost,a": true, "nats://a:4222": true,
	} {
		servers, got, err := config.ParseNATS(list)
		if err != nil || got != encrypted || len(servers) != strings.Count(list, ",")+1 {
			t.Errorf("%s: %v, encrypted %v (%v), want %v", list, servers, got, err, encrypted)
		}
	}
}

func TestAnAgentNeedsNoFriendsAndNoChats(t *testing.T) {
	noTokens(t)
	text := "[[source]]\nname = \"web1\"\npath = \"bans.csv\"\n[fleet]\nnats = \"a\"\n[telegram]\ntoken_file = \"/nonexistent\"\nchats = [-7]"
	for _, purpose := range []config.Purpose{config.ToForward, config.ToAsk} {
		if got := mistakes(t, text, purpose); got != "" {
			t.Errorf("got %s, want no mistake", got)
		}
	}
	if got := mistakes(t, text, config.ToRun); !strings.Contains(got, "friendly: is missing") || !strings.Contains(got, "forward") {
		t.Errorf("the bot starts without friends: %s", got)
	}
	if got := mistakes(t, "[[source]]\nname = \"web1\"\npath = \"bans.csv\"", config.ToForward); !strings.Contains(got, "friendly: is missing") {
		t.Errorf("without a fleet nobody need be friendly: %s", got)
	}
}
