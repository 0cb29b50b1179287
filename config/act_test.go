package config_test

import (
	"strings"
	"testing"

	"friendlyfire/config"
)

func TestWhoActsIsRead(t *testing.T) {
	noTokens(t)
	const file = "friendly = []\n[[source]]\nname = \"a\"\npath = \"/nowhere/a\"\n"
	for text, want := range map[string]string{
		file: "", file + "act = \"none\"\n[act]\nsocket = \"/run/x\"\n": "",
		file + "[act]\nsocket = \"/run/x\"\n":                               config.ActLocal,
		file + "act = \"\"\n[act]\nsocket = \"/run/x\"\n":                   config.ActLocal,
		file + "act = \"local\"\n[act]\nsocket = \"/run/x\"\nusers = [7]\n": config.ActLocal,
	} {
		c, err := loader.Parse("config.toml", []byte(text), config.ToAsk)
		if err != nil || c.Sources[0].Act != want {
			t.Errorf("%s: %v, want %q", text, err, want)
		}
	}
	for text, want := range map[string]string{
		file + "act = \"local\"\n":              "source[1].act: needs act.socket",
		file + "act = \"root@web\"\n":           "source[1].act: expected",
		file + "[act]\nsocket = \"act.sock\"\n": "act.socket: expected an absolute path",
		file + "[act]\nusers = [7]\n":           "act.users: has no effect without act.socket",
		file + "[act]\nsocket = 7\n":            "act.socket: expected text",
		file + "[act]\nsokcet = \"/run/x\"\n":   "act.sokcet",
	} {
		if got := mistakes(t, text, config.ToAsk); !strings.Contains(got, want) {
			t.Errorf("%s: %q, want %q in it", text, got, want)
		}
	}
}
