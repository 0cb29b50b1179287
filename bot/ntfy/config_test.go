package ntfy

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"friendlyfire/bot/ntfy/ntfytest"
	"friendlyfire/config"
)

func TestMistakesOfTheSectionQuoteNoTopic(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string, mode os.FileMode) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), mode); err != nil {
			t.Fatal(err)
		}
		return path
	}
	token, open := write("token", ntfytest.Token+"\n", 0o600), write("open", ntfytest.Token, 0o644)
	other := write("other", "CANARYpassword", 0o600)
	for section, want := range map[string]string{
		`topics = ["CANARY/topic"]`:                                "ntfy.topics[1]: expected the name of a topic",
		`topics = ["a", "CANARY topic"]`:                           "ntfy.topics[2]: expected the name of a topic",
		`topics = ["` + strings.Repeat("x", 65) + `"]`:             "ntfy.topics[1]: expected the name of a topic",
		`topics = [""]`:                                            "ntfy.topics[1]: expected the name of a topic",
		`topics = ["CANARY", "CANARY"]`:                            "listed twice",
		`topics = "CANARY"`:                                        "expected a list",
		`token_file = "` + token + `"`:                             "there is a token and nowhere to post",
		"topics = [\"a\"]\ntoken_file = \"" + open + `"`:           "chmod 600",
		"topics = [\"a\"]\ntoken_file = \"" + other + `"`:          "does not hold a ntfy token alone",
		"topics = [\"a\"]\ntoken_file = \"" + ntfytest.Token + `"`: "token_file",
		"topics = [\"a\"]\nserver = \"http://192.0.2.1\"":          "needs https",
		"topics = [\"a\"]\nserver = \"https://u:p@192.0.2.1\"":     "must hold no password",
		"topics = [\"a\"]\nserver = \"ntfy.example.org\"":          "expected the URL of a server",
		"topics = [\"a\"]\ntoken_file = \"" + token + `"`:          "",
		`topics = ["a", "B_-9"]`:                                   "",
		"topics = [\"a\"]\nserver = \"http://[::1]:80/\"":          "",
		"": "",
	} {
		file := write("config.toml", "friendly = []\n[[source]]\nname = \"web1\"\npath = \"bans.csv\"\n[ntfy]\n"+section+"\n", 0o600)
		_, err := config.Loader{File: file, Sections: func() []config.Section { return []config.Section{NewConfig()} }}.
			Load(config.ToRun)
		switch {
		case want == "" && err != nil:
			t.Errorf("%s: %v", section, err)
		case want != "" && (err == nil || !strings.Contains(err.Error(), want)):
			t.Errorf("%s: %v, want %q", section, err, want)
		case err != nil && (strings.Contains(err.Error(), "CANARY") || strings.Contains(err.Error(), ntfytest.Token)):
			t.Errorf("the mistake quotes a secret: %v", err)
		}
	}
}
