package config_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"friendlyfire/bot/telegram"
	"friendlyfire/config"
	"friendlyfire/store"
)

func TestPermissionDeniedSaysWhoMay(t *testing.T) {
	got := config.Reason(&fs.PathError{Op: "open", Path: "7:CANARY", Err: fs.ErrPermission})
	want := "cannot be read: permission denied to user " + store.UserName(os.Getuid())
	if !strings.Contains(got, want) || strings.Contains(got, "CANARY") {
		t.Errorf("got %q", got)
	}
}

func TestSecretsNeverLeave(t *testing.T) {
	secret := config.NewSecret(telegramCanary)
	type holder struct {
		Public  config.Secret
		private config.Secret
	}
	h := holder{secret, secret}
	var out bytes.Buffer
	values := []any{
		secret, &secret, h, &h,
		[]config.Secret{secret},
		map[string]config.Secret{"": secret},
		struct{ error }{fmt.Errorf("%v", secret)},
	}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%p", "%t", "%10.3s"} {
		for _, v := range values {
			fmt.Fprintf(&out, verb, v)
		}
	}
	for _, handler := range []slog.Handler{slog.NewTextHandler(&out, nil), slog.NewJSONHandler(&out, nil)} {
		slog.New(handler).Info("x", "secret", secret, "holder", h, "pointer", &h)
	}
	text, err := json.Marshal(h)
	if err != nil {
		t.Fatal(err)
	}
	out.Write(text)
	for _, part := range []string{telegramCanary, "canary", fmt.Sprintf("%x", "canary"), fmt.Sprintf("%X", "canary")} {
		if strings.Contains(out.String(), part) {
			t.Errorf("%q is shown in %s", part, out.String())
		}
	}
	if got := secret.String() + " " + (config.Secret{}).String(); got != "[secret] [none]" {
		t.Errorf("got %s, want [secret] [none]", got)
	}
	if secret.Reveal() != telegramCanary || secret.Empty() || !(config.Secret{}).Empty() {
		t.Error("the secret is not revealed")
	}
}

// Tokens are put in place of every key's value, with quotes and without, alone and in lists, and so into unknown keys,
// comments and broken syntax. The lines around hold another one.
func TestNoMistakeShowsASecretOrALineAround(t *testing.T) {
	noTokens(t)
	shown := regexp.MustCompile(`(?i)canary|neighbour`)
	var templates []string
	unknown := []string{"token", "telegram.token", "discord.token", "telegram.bot", "x.y", "source.pass"}
	for _, value := range []string{
		`"%s"`, `'%s'`, `"""%s"""`, `%s`, `["%s"]`, `[1, "%s"`, `{ a = "%s" }`, `"%s`, `"\q%s"`, `"%s" "%[1]s"`,
	} {
		for _, key := range append(config.Keys(sections()), unknown...) {
			templates = append(templates, key+" = "+value)
		}
	}
	templates = append(templates, `"%s" = 1`, `["%s"]`, `[[source."%s"]]`, `%s`, `[%s`, `# %s`)
	for _, template := range templates {
		for _, token := range []string{telegramCanary, discordCanary} {
			line := fmt.Sprintf(template, token)
			text := "database = \"neighbour\" # " + token + "\n" + line + "\n# neighbour " + token + "\n" + goodConfig
			for _, purpose := range []config.Purpose{config.ToRun, config.ToAsk} {
				if got := mistakes(t, text, purpose); shown.MatchString(got) {
					t.Errorf("%s\nis told as\n%s", line, got)
				}
			}
		}
	}
}

func TestSecretsComeFromAFileOrTheEnvironment(t *testing.T) {
	const (
		file       = "config.toml:6: telegram.token_file: "
		notAlone   = file + "the file does not hold a Telegram token alone"
		setTwice   = file + "FRIENDLYFIRE_TELEGRAM_TOKEN is set as well: give the token in one place"
		openTo     = file + "others may read it "
		tooLong    = file + "is too long for a secret: 30000 bytes"
		noToken    = "environment: FRIENDLYFIRE_TELEGRAM_TOKEN: is no Telegram token"
		needsToken = "config.toml:7: telegram.chats: needs a token: name its file in telegram.token_file, " +
			"or set FRIENDLYFIRE_TELEGRAM_TOKEN in the environment"
	)
	for name, test := range map[string]struct {
		text string // in the token file; "" for no file
		mode os.FileMode
		env  string
		want string
	}{
		"file":                     {text: telegramCanary + "\n", mode: 0o600},
		"file only to read":        {text: telegramCanary, mode: 0o400},
		"environment":              {env: telegramCanary},
		"both":                     {text: telegramCanary, mode: 0o600, env: telegramCanary, want: setTwice},
		"file open to others":      {text: telegramCanary, mode: 0o604, want: openTo + "(mode 0604): chmod 600 PATH"},
		"file open to the group":   {text: telegramCanary, mode: 0o640, want: openTo + "(mode 0640): chmod 600 PATH"},
		"empty file":               {text: "\n", mode: 0o600, want: notAlone},
		"more than the token":      {text: "TOKEN=" + telegramCanary, mode: 0o600, want: notAlone},
		"another platform's token": {text: discordCanary, mode: 0o600, want: notAlone},
		"long file":                {text: strings.Repeat("canary", 5000), mode: 0o600, want: tooLong},
		"no token in environment":  {env: "canary", want: noToken},
		"neither":                  {want: needsToken},
		"space around environment": {env: " " + telegramCanary + "\n"},
	} {
		t.Run(name, func(t *testing.T) {
			noTokens(t)
			t.Setenv("FRIENDLYFIRE_TELEGRAM_TOKEN", test.env)
			path := ""
			if test.text != "" {
				path = writeFile(t, test.text, test.mode)
			}
			text := below("[telegram]\ntoken_file = \"" + path + "\"\nchats = [-7]")
			want := strings.ReplaceAll(test.want, "PATH", store.ShellQuote(path))
			if got := mistakes(t, text, config.ToRun); got != want {
				t.Errorf("got  %s\nwant %s", got, want)
			}
			if test.want != "" {
				return
			}
			c, err := loader.Parse("", []byte(text), config.ToRun)
			if err != nil || config.SectionOf[*telegram.Config](c).Token.Reveal() != telegramCanary {
				t.Errorf("got no token, %v", err)
			}
		})
	}
}

func TestCredentialsOfTheServiceManagerMayHaveAGroup(t *testing.T) {
	noTokens(t)
	path := writeFile(t, discordCanary, 0o440)
	text := below("[discord]\ntoken_file = \"" + path + "\"\nchannels = [\"112233445566778899\"]")
	want := "config.toml:6: discord.token_file: others may read it (mode 0440): chmod 600 " + store.ShellQuote(path)
	if got := mistakes(t, text, config.ToRun); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	t.Setenv("CREDENTIALS_DIRECTORY", filepath.Dir(path)+"/")
	if got := mistakes(t, text, config.ToRun); got != "" {
		t.Errorf("got %s, want no mistake", got)
	}
	if err := os.Chmod(path, 0o644); err != nil {
		t.Fatal(err)
	}
	if got := mistakes(t, text, config.ToRun); got == "" {
		t.Error("a credential that everybody may read is taken")
	}
}

func TestCredentialsAreToldByWhereTheyAre(t *testing.T) {
	t.Setenv("CREDENTIALS_DIRECTORY", "")
	for path, want := range map[string]bool{
		"/run/credentials/friendlyfire.service/telegram": true,
		"/run/credentials/telegram":                      false,
		"/etc/friendlyfire/telegram":                     false,
		"telegram":                                       false,
	} {
		if got := config.IsCredential(path); got != want {
			t.Errorf("%s: got %v, want %v", path, got, want)
		}
	}
}
