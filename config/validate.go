package config

import (
	"fmt"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

const day = 24 * time.Hour

// validate notes what is wrong with the values that were read: ranges, what does not go together and, unless the
// purpose is ToAsk, files that cannot be read.
func (r *reader) validate(c *Config, purpose Purpose) {
	if r.lines["friendly"] == 0 {
		r.checkNoFriends(c, purpose)
	}
	if c.Timezone == nil {
		r.mistake("timezone", `expected a time zone, such as "Europe/Brussels", "UTC" or "Local"`)
	}
	if c.Database == "" {
		r.mistake("database", "expected the path of a file")
	} else if info, err := os.Stat(c.Database); err == nil && info.IsDir() {
		r.mistake("database", "is a directory; expected the path of a file")
	}
	r.checkSources(c, purpose)
	r.checkLogins(c, purpose)
	r.checkNATS("fleet", c.Fleet.NATS, c.Fleet.Credentials, c.Fleet.CA, purpose)
	r.checkVoice(c)
	r.within("enrich.patience", c.Enrich.Patience, 0, 10*time.Minute)
	r.address("enrich.whois_server", c.Enrich.WhoisServer)
	if purpose >= ToPair {
		r.readable("enrich.table", c.Enrich.Table)
		r.readable("enrich.as_table", c.Enrich.SystemTable)
	}
	r.within("alerts.max_age", c.Alerts.MaxAge, time.Minute, 30*day)
	r.oneOf("report.theme", c.Report.Theme, "auto", "light", "dark")
	if c.Privacy.KeepDays < 1 || c.Privacy.KeepDays > 36_500 {
		r.mistake("privacy.keep_days", "expected 1 to 36500 days")
	}
	r.address("metrics.listen", c.Metrics.Listen)
	remote := slices.ContainsFunc(c.Sources, func(s Source) bool { return s.ActAccount != nil })
	switch socket := c.Act.Socket; {
	case socket != "" && !filepath.IsAbs(socket):
		r.mistake("act.socket", "expected an absolute path, such as /run/friendlyfire/act.sock")
	case socket == "" && len(c.Act.Users) > 0 && !remote:
		r.mistake("act.users", "has no effect without act.socket, where the helper listens, or the act of a source")
	}
	if c.Act.TOTPFile != "" && purpose >= ToPair {
		r.readTOTP(c)
	}
	for _, s := range c.Platforms {
		s.Validate(&Validator{r: r, section: s.Name(), purpose: purpose})
	}
}

// checkNoFriends notes that friendly is missing, unless this is the agent of a fleet, which alerts of nobody.
func (r *reader) checkNoFriends(c *Config, purpose Purpose) {
	const missing = `is missing: the countries and networks of your users, such as ["BE"]; [] alerts of nobody`
	switch c.Agent = c.Fleet.NATS != ""; {
	case !c.Agent:
		r.mistake("friendly", missing)
	case purpose >= ToPair:
		r.mistake("friendly", missing+"; `friendlyfire forward` needs none")
	}
}

func (r *reader) checkSources(c *Config, purpose Purpose) {
	if len(c.Sources) == 0 {
		r.mistake("source", "is missing: a [[source]] with a name and a path says which file to read")
	}
	names := map[string]int{} // of sources, to their numbers
	for i := range c.Sources {
		s, number := &c.Sources[i], i+1
		section := fmt.Sprintf("source[%d]", number)
		if r.wrong[section] {
			continue
		}
		if s.Timezone == nil {
			s.Timezone = c.Timezone
		}
		if !goodName(s.Name) {
			r.missing(section+".name", section, "expected a name of 1 to 40 printable characters")
		} else if first, taken := names[s.Name]; taken {
			r.mistake(section+".name", "is the name of source[%d] as well", first)
		}
		names[s.Name] = number
		r.checkPattern(section, s)
		if first := sameFile(c.Sources[:i], s); first > 0 {
			r.missing(section+".path", section, "is the file of source[%d] as well", first)
		}
		if r.checkStream(section, s, c.Sources[:i], purpose); !s.IsStream() && !r.wrong[section+".nats"] {
			r.checkLocation(section, s, purpose)
			r.checkAct(section, s, c, purpose)
		}
		r.oneOf(section+".format", s.Format, "auto", "csv", "log")
		r.within(section+".every", s.Every, time.Second, day)
		if s.SilentAfter != 0 {
			r.within(section+".silent_after", s.SilentAfter, time.Minute, 365*day)
		}
	}
}

// checkAct validates who acts on the source's Fail2Ban, and fills in who does where it is not said.
func (r *reader) checkAct(section string, s *Source, c *Config, purpose Purpose) {
	key, keyFile := section+".act", section+".act_key_file"
	switch {
	case s.Act == "" && c.Act.Socket != "" && s.SFTP == nil && !s.IsPattern():
		s.Act = ActLocal
	case s.Act == "none":
		s.Act = ""
	case s.Act == ActLocal && c.Act.Socket == "":
		r.mistake(key, "needs act.socket, where the helper of this machine listens")
	case strings.HasPrefix(s.Act, "ssh://"):
		account, err := parseSSH(s.Act)
		if err != nil {
			r.mistake(key, "%v", err)
			return
		}
		s.ActAccount = account
	case s.Act != "" && s.Act != ActLocal:
		r.mistake(key, `expected "local", "ssh://user@host:22", or "none"`)
	}
	switch {
	case s.ActAccount == nil && s.ActKeyFile != "" && !r.wrong[key]:
		r.mistake(keyFile, "has no effect without act = \"ssh://user@host:22\"")
	case s.ActAccount == nil:
	case s.ActKeyFile == "":
		r.missing(keyFile, key, "is missing: who acts over SSH needs a key of its own")
	case s.KnownHosts == "":
		r.missing(section+".known_hosts", key, "is missing: ssh needs the host's key")
	case purpose >= ToPair: // an agent does not act
		r.checkActKey(keyFile, s.ActKeyFile, c)
		if s.SFTP == nil {
			r.readable(section+".known_hosts", s.KnownHosts)
		}
	}
}

// totpForm is a secret in base32 of at least 80 bits, as apps take it.
var totpForm = regexp.MustCompile(`^[A-Z2-7]{16,128}$`)

// readTOTP reads the secret of the codes that confirm a trust.
func (r *reader) readTOTP(c *Config) {
	const key = "act.totp_file"
	text, err := readSecret(c.Act.TOTPFile)
	text = strings.ToUpper(strings.ReplaceAll(text, " ", ""))
	switch {
	case err != nil:
		r.mistake(key, "%s", reason(err))
	case !totpForm.MatchString(text):
		r.mistake(key, "the file does not hold a secret in base32 alone: head -c 20 /dev/urandom | base32")
	default:
		c.Act.TOTP = NewSecret(text)
	}
}

// checkActKey notes a key for acting that cannot be read, or that reads files, too: whoever has that one may only read.
func (r *reader) checkActKey(key, file string, c *Config) {
	text, err := readSecret(file)
	if err != nil {
		r.mistake(key, "%s", reason(err))
		return
	}
	for i := range c.Sources {
		other := c.Sources[i].KeyFile
		if other == "" {
			continue
		}
		if same, err := readSecret(other); realPath(other) == realPath(file) || err == nil && same == text {
			r.mistake(key, "is the key of source[%d].key_file as well: acting needs one of its own", i+1)
		}
	}
}

// sameFile returns the number of the first of the sources that has the same file, whatever it is called there; 0: none.
// Read twice, each of its bans would count twice.
func sameFile(sources []Source, s *Source) int {
	info, gone := os.Stat(s.Path)
	for i := range sources {
		other := &sources[i]
		if s.SFTP != nil && other.SFTP != nil && strings.EqualFold(s.SFTP.Address, other.SFTP.Address) &&
			path.Clean(s.SFTP.Path) == path.Clean(other.SFTP.Path) {
			return i + 1
		}
		if s.SFTP != nil || other.SFTP != nil || s.Path == "" || other.Path == "" {
			continue
		}
		if realPath(s.Path) == realPath(other.Path) {
			return i + 1
		}
		if there, err := os.Stat(other.Path); err == nil && gone == nil && os.SameFile(info, there) {
			return i + 1
		}
	}
	return 0
}

// realPath returns where a file is, or will be.
func realPath(file string) string {
	if target, err := filepath.EvalSymlinks(file); err == nil {
		file = target
	} else if dir, err := filepath.EvalSymlinks(filepath.Dir(file)); err == nil {
		file = filepath.Join(dir, filepath.Base(file))
	}
	if absolute, err := filepath.Abs(file); err == nil {
		return absolute
	}
	return file
}

// checkLocation validates what a source says about where its file is and, for another machine, how to get there.
func (r *reader) checkLocation(section string, s *Source, purpose Purpose) {
	path, sftp := section+".path", section+".sftp"
	local, remote := s.Path != "" || r.wrong[path], s.SFTP != nil || r.wrong[sftp]
	if local == remote {
		r.missing(path, section, `expected one of path and sftp: a file here, or "user@host:22/path/to/file"`)
		return
	}
	for _, k := range []struct{ name, value string }{{"key_file", s.KeyFile}, {"known_hosts", s.KnownHosts}} {
		switch key := section + "." + k.name; {
		case local && k.value != "" && (k.name == "key_file" || !strings.HasPrefix(s.Act, "ssh://")):
			r.mistake(key, "is for sftp, and this source is a file here")
		case remote && k.value == "":
			r.missing(key, sftp, "is missing: sftp needs key_file and known_hosts")
		}
	}
	switch {
	case purpose == ToAsk:
	case remote:
		r.readable(section+".known_hosts", s.KnownHosts)
		if _, err := readSecret(s.KeyFile); err != nil {
			r.mistake(section+".key_file", "%s", reason(err))
		}
	default:
		if _, err := os.Stat(s.Path); err == nil { // a file that does not exist may come later
			r.readable(path, s.Path)
		}
	}
}

// readable notes a file that cannot be read; "" is none.
func (r *reader) readable(key, path string) {
	if path == "" || r.wrong[key] {
		return
	}
	if info, err := os.Stat(path); err == nil && !info.Mode().IsRegular() {
		r.mistake(key, "is no regular file")
		return
	}
	f, err := os.Open(path)
	if err != nil {
		r.mistake(key, "%s", reason(err))
		return
	}
	f.Close()
}

// within notes a duration that is not from low to high.
func (r *reader) within(key string, d, low, high time.Duration) {
	if d < low || d > high {
		r.mistake(key, "expected %s to %s", ShortDuration(low), ShortDuration(high))
	}
}

// ShortDuration returns a duration as people write it: 24h, not 24h0m0s.
func ShortDuration(d time.Duration) string {
	s := d.String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}

// oneOf notes a value that is not allowed.
func (r *reader) oneOf(key, value string, allowed ...string) {
	if !slices.Contains(allowed, value) {
		r.mistake(key, `%s is none of "%s"`, show(value), strings.Join(allowed, `", "`))
	}
}

// address notes a host:port that is none; "" is not given.
func (r *reader) address(key, address string) {
	if address == "" {
		return
	}
	if problem := badAddress(address); problem != "" {
		r.mistake(key, "%s", problem)
	}
}

// goodName reports whether s can be the name of a source.
func goodName(s string) bool {
	unprintable := strings.ContainsFunc(s, func(c rune) bool { return !unicode.IsPrint(c) })
	return s != "" && utf8.RuneCountInString(s) <= 40 && strings.TrimSpace(s) == s && !unprintable
}
