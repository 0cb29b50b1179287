package acceptance

import (
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"friendlyfire/acceptance/harness"
	"friendlyfire/bot/discord/discordtest"
	"friendlyfire/bot/telegram/telegramtest"
)

// canary is in every secret that the fakes give out.
const canary = "CANARY"

// leaks are the places where a secret shows: in what the program printed, kept and sent.
func leaks(s *harness.Scene, both harness.Platforms, printed ...string) (found []string) {
	s.T.Helper()
	for _, text := range printed {
		if i := strings.Index(text, canary); i >= 0 {
			found = append(found, "output: …"+text[max(0, i-200):min(len(text), i+100)])
		}
	}
	for _, m := range both.Telegram.Messages() {
		if strings.Contains(m.Text, canary) {
			found = append(found, "Telegram: "+m.Text)
		}
	}
	for _, m := range both.Discord.Messages() {
		if strings.Contains(m.Content, canary) {
			found = append(found, "Discord: "+m.Content)
		}
	}
	err := filepath.WalkDir(filepath.Join(s.Dir, "state"), func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		if strings.Contains(string(data), canary) {
			found = append(found, path)
		}
		return err
	})
	if err != nil {
		s.T.Fatal(err)
	}
	return found
}

// countRequests is a server that counts its requests.
func countRequests(t *testing.T) (url string, requests *atomic.Int32) {
	t.Helper()
	requests = &atomic.Int32{}
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { requests.Add(1) }))
	t.Cleanup(server.Close)
	return server.URL, requests
}

// Whatever goes wrong with a platform, its token shows up in no log, error, database or message.
func TestS01SecretsNeverLeave(t *testing.T) {
	t.Parallel()
	elsewhere, followed := countRequests(t)
	impostor := httptest.NewUnstartedServer(http.NotFoundHandler())
	impostor.Config.ErrorLog = discard
	impostor.StartTLS()
	defer impostor.Close()
	type faults struct {
		telegram telegramtest.Fault
		discord  discordtest.Fault
		api      string // in place of both fakes
	}
	tests := map[string]faults{
		"refused":           {api: "http://127.0.0.1:1"},
		"TLS error":         {api: strings.Replace(elsewhere, "http:", "https:", 1)},
		"impostor's TLS":    {api: impostor.URL},
		"cut":               {telegram: telegramtest.Cut(), discord: discordtest.Cut()},
		"redirect":          {telegram: telegramtest.Redirect(elsewhere), discord: discordtest.Redirect(elsewhere)},
		"proxy's page":      {telegram: telegramtest.Page(502), discord: discordtest.Page(502)},
		"proxy's page, 403": {telegram: telegramtest.Page(403), discord: discordtest.Page(403)},
		"proxy's page, 200": {telegram: telegramtest.Page(200), discord: discordtest.Page(200)},
		"echo 400":          {telegram: telegramtest.Echo(400), discord: discordtest.Echo(400)},
		"echo 401":          {telegram: telegramtest.Echo(401), discord: discordtest.Echo(401)},
		"echo 500":          {telegram: telegramtest.Echo(500), discord: discordtest.Echo(500)},
		"no JSON":           {telegram: telegramtest.Body(200, "{"), discord: discordtest.Body(200, "{")},
	}
	onlyLong := map[string]bool{
		"cut": true, "proxy's page, 403": true, "echo 401": true, "echo 500": true, "no JSON": true,
	}
	run := func(t *testing.T, f faults, end func(*harness.Process)) {
		both := harness.OnLoopback(t)
		s := harness.NewChatScene(t, both)
		s.Env = []string{"GODEBUG=http2debug=2,netdns=go+2", "GOTRACEBACK=system"}
		if f.api != "" {
			s.Reconfigure(both.Telegram.URL(), f.api, both.Discord.URL(), f.api)
		}
		both.Telegram.Script(func(q telegramtest.Request) telegramtest.Fault { return f.telegram })
		both.Discord.Script(func(q discordtest.Request) discordtest.Fault { return f.discord })
		p := s.Start()
		s.Ban("203.0.113.7")
		harness.Await(t, time.Minute, "attempts that fail", func() bool {
			return strings.Count(p.Text(), "not delivered") >= len(harness.AllChats) &&
				strings.Contains(p.Text(), "not listening for commands")
		})
		both.Telegram.Script(nil)
		both.Discord.Heal()
		status, errs, _ := s.Run("check")
		for _, command := range []string{"/status", "/report", "/help"} {
			both.Telegram.Say(-1001, 0, 7, command)
		}
		time.Sleep(300 * time.Millisecond)
		end(p)
		if found := leaks(s, both, p.Text(), status, errs); len(found) > 0 {
			t.Errorf("the secret is in %d places:\n%s", len(found), strings.Join(found, "\n"))
		}
	}
	t.Run("faults", func(t *testing.T) { // which ends with the last of its parallel parts
		for name, f := range tests {
			if onlyLong[name] && !harness.Long {
				continue
			}
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				run(t, f, (*harness.Process).Stop)
			})
		}
		t.Run("panic", func(t *testing.T) {
			t.Parallel()
			run(t, tests["proxy's page"], func(p *harness.Process) {
				p.Signal(syscall.SIGQUIT) // which prints every stack, as a panic does
				p.Cmd.Wait()
				if !strings.Contains(p.Text(), "goroutine ") {
					t.Error("no stacks were printed")
				}
			})
		})
	})
	if n := followed.Load(); n > 0 {
		t.Errorf("%d redirects were followed", n)
	}
	harness.Reached(t, "%d faults and a panic: 0 hits in output, database and messages",
		len(tests)-harness.Size(len(onlyLong), len(onlyLong), 0))
}

// A token in the configuration, or in a file that others may read, is refused.
func TestS02SecretsComeFromAFileOrTheEnvironment(t *testing.T) {
	t.Parallel()
	const inFile = `token_file = "$DIR/token"`
	for name, test := range map[string]struct {
		config string
		mode   os.FileMode // of the token's file
		want   string      // part of the reason
	}{
		"token in the config":              {`token = "` + telegramtest.Token + `"`, 0, "telegram.token"},
		"token in the place of its file":   {`token_file = "` + telegramtest.Token + `"`, 0, "telegram.token_file"},
		"token file open to others":        {inFile, 0o644, "others may read it (mode 0644): chmod 600 "},
		"token file that others may write": {inFile, 0o602, "others may read it (mode 0602): chmod 600 "},
		"token file open to its own group": {inFile, 0o640, "others may read it (mode 0640): chmod 600 "},
		"token file that is a directory":   {`token_file = "$DIR"`, 0, "telegram.token_file"},
		"token file that is not there":     {`token_file = "$DIR/none"`, 0, "telegram.token_file"},
		"no token anywhere":                {"", 0, "FRIENDLYFIRE_TELEGRAM_TOKEN"},
	} {
		t.Run(name, func(t *testing.T) {
			s := harness.NewScene(t, harness.TableOnly+"[telegram]\nchats = [42]\n"+test.config+"\n")
			if test.mode != 0 {
				s.Write(filepath.Join(s.Dir, "token"), []byte(telegramtest.Token))
				if err := os.Chmod(filepath.Join(s.Dir, "token"), test.mode); err != nil {
					t.Fatal(err)
				}
			}
			for _, command := range []string{"run", "check"} {
				out, errs, code := s.Run(command)
				if code != harness.ExitConfig || !strings.Contains(errs, test.want) ||
					strings.Contains(out+errs, canary) {
					t.Errorf("%s: exit %d, want %d and %q:\n%s", command, code, harness.ExitConfig, test.want, errs)
				}
			}
		})
	}
	harness.Reached(t, "exit %d and the reason, and no token printed", harness.ExitConfig)
}
