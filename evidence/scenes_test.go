package evidence

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"time"
)

// A scene is a ban with who was banned. Scenes are made, in the forms in which services write their lines, from a seed.
type scene struct {
	kind    string
	person  bool
	matches string
	context Context
}

// stage makes one scene: lines with their times, of which Fail2Ban keeps the last.
type stage struct {
	*rand.Rand
	now   time.Time
	pid   int
	lines []string
	tries int // that Fail2Ban counted
}

func newStage(r *rand.Rand) *stage {
	morning := time.Date(2026, 11, 28, 9, 0, 0, 0, time.UTC)
	return &stage{Rand: r, now: morning.Add(time.Duration(r.IntN(36000)) * time.Second), pid: 400 + r.IntN(9000)}
}

// wait lets between low and high seconds pass.
func (s *stage) wait(low, high float64) {
	s.now = s.now.Add(time.Duration((low + s.Float64()*(high-low)) * float64(time.Second)))
}

func (s *stage) say(tag, format string, args ...any) {
	s.lines = append(s.lines, s.now.Format("Jan _2 15:04:05")+" web1 "+tag+": "+fmt.Sprintf(format, args...))
}

// end keeps the last lines, as maxmatches does, and as much as is known besides.
func (s *stage) end(kind string, person bool) scene {
	keep := []int{3, 5, 5, 10, 20}[s.IntN(5)]
	lines := s.lines[max(0, len(s.lines)-min(keep, 10)):]
	c := Context{Failures: s.tries}
	if s.IntN(3) == 0 { // mostly nobody knows
		c.Network = Access
	}
	return scene{kind, person, strings.Join(lines, "\n"), c}
}

func pick(s *stage, of ...string) string { return of[s.IntN(len(of))] }

const from = "from 192.0.2.7"

func (s *stage) port() int { return 32768 + s.IntN(28000) }

// ssh makes one connection of sshd with n wrong passwords.
func (s *stage) ssh(name string, exists bool, n int, low, high float64) {
	s.pid += 1 + s.IntN(9)
	tag, port := fmt.Sprintf("sshd[%d]", s.pid), s.port()
	if s.IntN(2) == 0 {
		tag = fmt.Sprintf("sshd-session[%d]", s.pid)
	}
	invalid := ""
	if !exists {
		invalid = "invalid user "
		s.say(tag, "Invalid user %s %s port %d", name, from, port)
		s.tries++
	}
	for i := range n {
		if i > 0 {
			s.wait(low, high)
		}
		if s.IntN(2) == 0 {
			user := ""
			if exists {
				user = "  user=" + name
			}
			s.say(tag, "pam_unix(sshd:auth): authentication failure; logname= uid=0 tty=ssh ruser= "+
				"rhost=192.0.2.7%s", user)
		}
		s.now = s.now.Add(time.Second)
		s.say(tag, "Failed password for %s%s %s port %d ssh2", invalid, name, from, port)
		s.tries++
	}
	if s.IntN(2) == 0 {
		who := "authenticating user"
		if !exists {
			who = "invalid user"
		}
		s.say(tag, "Connection closed by %s %s 192.0.2.7 port %d [preauth]", who, name, port)
	}
}

// imap makes one connection of Dovecot, with what the database said where it is verbose.
func (s *stage) imap(name string, exists, verbose bool, password string) {
	s.pid++
	session := fmt.Sprintf("%08x", s.Uint32())
	if verbose {
		why := "Password mismatch"
		if !exists {
			why = "unknown user"
		}
		if password != "" {
			why += " (SHA1 of given password: " + password + ")"
		}
		s.say("dovecot", "auth-worker(%d): sql(%s,192.0.2.7,<%s>): %s", s.pid, name, session, why)
		s.tries++
		s.now = s.now.Add(2 * time.Second)
	}
	s.say("dovecot", "%s-login: Disconnected (auth failed, 1 attempts in 2 secs): user=<%s>, method=PLAIN, "+
		"rip=192.0.2.7, lip=198.51.100.1, TLS, session=<%s>",
		pick(s, "imap", "imap", "pop3"), name, session)
	s.tries++
}

func (s *stage) smtp(name string) {
	tail := "UGFzc3dvcmQ6"
	if name != "" {
		tail = "(reason unavailable), sasl_username=" + name
	}
	s.say(fmt.Sprintf("postfix/submission/smtpd[%d]", s.pid), "warning: unknown[192.0.2.7]: SASL %s "+
		"authentication failed: %s", pick(s, "LOGIN", "PLAIN"), tail)
	s.tries++
}

func (s *stage) nginx(name string, exists bool) {
	why := `: password mismatch`
	if !exists {
		why = ` was not found in "/etc/nginx/.htpasswd"`
	}
	s.lines = append(s.lines, fmt.Sprintf(`%s [error] 12#12: *%d user "%s"%s, client: 192.0.2.7, server: a, `+
		`request: "GET / HTTP/1.1", host: "a"`,
		s.now.Format("2006/01/02 15:04:05"), s.IntN(9999), name, why))
	s.tries++
}

func (s *stage) wordpress(name string, exists bool) {
	form := "Authentication failure for %s from 192.0.2.7"
	if !exists {
		form = "Authentication attempt for unknown user %s from 192.0.2.7"
	}
	s.say(fmt.Sprintf("wordpress(example.com)[%d]", s.pid), form, name)
	s.tries++
}

func (s *stage) nextcloud(name string) {
	s.lines = append(s.lines, fmt.Sprintf(""+
		`{"reqId":"x%d","level":2,"time":"%s","remoteAddr":"192.0.2.7","user":"--","app":"core",`+
		`"message":"Login failed: %s (Remote IP: 192.0.2.7)"}`,
		s.Uint32(), s.now.Format(time.RFC3339), name))
	s.tries++
}

func (s *stage) roundcube(name string) {
	s.say("roundcube[9]", "<a1b2c3d4> IMAP Error: Login failed for %s from 192.0.2.7. AUTHENTICATE PLAIN: "+
		"Authentication failed. in /usr/share/x.php on line 2", name)
	s.tries++
}

var peopleNames = strings.Fields(`jdupont anna marie.martin plefebvre sophie tom thomas.d lucas eva peter.jansen kdewit
	nvermeulen helene hassan yusuf fatima olga dmitri wlodek maria.rossi giulia kenji yuki svenja bjorn astrid paulo ines
	mcarter sjohnson emily.w rob zoe stef bram lotte fleur jk mvdb ppeeters`)

func someone(s *stage) string { return peopleNames[s.IntN(len(peopleNames))] }

// mailbox is the name as mail programs send it.
func mailbox(s *stage, name string) string {
	if s.IntN(3) > 0 {
		return name + "@example.com"
	}
	return name
}

// mistype makes one slip of the finger.
func mistype(s *stage, name string) string {
	i := s.IntN(len(name))
	switch s.IntN(3) {
	case 0:
		return name[:i] + name[i+1:] + pick(s, "", "e")
	case 1:
		return name[:i] + name[i:i+1] + name[i:]
	}
	return name[:i] + pick(s, "q", "x", "o", "i") + name[i+1:]
}

func uniqueNames(s *stage, n int) []string {
	all := make([]string, n)
	for i, j := range s.Perm(len(peopleNames))[:n] {
		all[i] = peopleNames[j]
	}
	return all
}

// scenes makes n of each kind.
func scenes(seed uint64, n int, people, attackers map[string]func(*stage)) (all []scene) {
	r := rand.New(rand.NewPCG(seed, 1))
	for _, group := range []struct {
		kinds  map[string]func(*stage)
		person bool
	}{{people, true}, {attackers, false}} {
		for _, kind := range sortedKeys(group.kinds) {
			for range n {
				s := newStage(r)
				group.kinds[kind](s)
				all = append(all, s.end(kind, group.person))
			}
		}
	}
	return all
}
