package config_test

import (
	"strings"
	"testing"

	"friendlyfire/config"
)

func TestOneOfTwoBotsIsNamedWithoutMistakes(t *testing.T) {
	noTokens(t)
	const nats = "[fleet]\nnats = \"a,b,c\"\n"
	for name, test := range map[string]struct{ text, want string }{
		"good":          {nats + "name = \"bot-a\"", ""},
		"and a stream":  {nats + "name = \"bot-a\"\nstream = \"VOICE_EU\"", ""},
		"no servers":    {"[fleet]\nname = \"bot-a\"", "has no effect without nats, the servers by which the two bots agree"},
		"subject":       {nats + "name = \"bot.a\"", "expected letters, digits, - and _, 40 at most, such as bot-a"},
		"everybody":     {nats + "name = \">\"", "expected letters, digits, - and _, 40 at most, such as bot-a"},
		"long":          {nats + "name = \"" + strings.Repeat("a", 41) + "\"", "40 at most"},
		"no stream":     {nats + "name = \"bot-a\"\nstream = \"\"", "the name of a stream"},
		"stream of all": {nats + "name = \"bot-a\"\nstream = \"VOICE.*\"", "the name of a stream"},
	} {
		got := mistakes(t, below(test.text), config.ToRun)
		if test.want == "" && got != "" || !strings.Contains(got, test.want) {
			t.Errorf("%s: got %q, want %q", name, got, test.want)
		}
	}
}
