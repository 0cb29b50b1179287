package config_test

import (
	"testing"

	"friendlyfire/config"
)

// The aliases are in databases: another form of them would be other chats.
func TestAliasesStayTheSame(t *testing.T) {
	for secret, want := range map[string]string{
		"https://hooks.example.org/a": "7bd035", "https://hooks.example.org/b": "5d6f62",
	} {
		if got := config.Alias("webhook", secret); got != want {
			t.Errorf("the alias of %s is %s, want %s", secret, got, want)
		}
	}
	if config.Alias("webhook", "x") == config.Alias("ntfy", "x") {
		t.Error("two platforms share an alias")
	}
}
