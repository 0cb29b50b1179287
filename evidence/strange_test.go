package evidence

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"
)

// These scenes were made when the rule had long been there, by nobody who tuned it: other names, other timings, every
// envelope, and each ban with as many lines as its maxmatches keeps.

// play makes one scene, wrapped in one envelope.
type play struct {
	*rand.Rand
	now   time.Time
	wrap  func(at time.Time, tag string, pid int, message string) string
	pid   int
	addr  string
	lines []string
	fails int
	jail  int // maxretry
}

func newPlay(r *rand.Rand) *play {
	names := sortedKeys(envelopes)
	return &play{
		Rand: r, now: time.Date(2026, 11, 1+r.IntN(28), r.IntN(24), r.IntN(60), r.IntN(60), 0, time.UTC),
		wrap: envelopes[names[r.IntN(len(names))]], pid: 1000 + r.IntN(60000), jail: []int{3, 4, 5, 5, 6, 10}[r.IntN(6)],
		addr: []string{"192.0.2.77", "2001:db8:4:5::6e"}[r.IntN(2)],
	}
}

func (p *play) one(of ...string) string { return of[p.IntN(len(of))] }

func (p *play) say(tag, format string, args ...any) {
	p.lines = append(p.lines, p.wrap(p.now, tag, p.pid, fmt.Sprintf(format, args...)))
}

// think lets a human's pause pass: log-normal, with this median in seconds.
func (p *play) think(median float64) { p.pass(median * math.Exp(0.6*p.NormFloat64())) }

func (p *play) pass(seconds float64) {
	p.now = p.now.Add(time.Duration(max(0, seconds) * float64(time.Second)))
}

// until repeats an attempt until the jail bans.
func (p *play) until(try func()) {
	for p.fails < p.jail {
		try()
	}
}

func (p *play) ssh(name string, exists bool) {
	p.pid += 1 + p.IntN(40)
	tag, port := p.one("sshd", "sshd-session"), 1024+p.IntN(64000)
	invalid := ""
	if !exists {
		invalid = "invalid user "
		p.say(tag, "Invalid user %s from %s port %d", name, p.addr, port)
		p.fails++
	}
	p.pass(1.5)
	p.say(tag, "Failed password for %s%s from %s port %d ssh2", invalid, name, p.addr, port)
	p.fails++
}

func (p *play) key(name string) {
	p.pid += 1 + p.IntN(40)
	p.say("sshd", "Connection closed by authenticating user %s %s port %d [preauth]", name, p.addr, 1024+p.IntN(64000))
	p.fails++
}

func (p *play) imap(name string) {
	p.say("dovecot", "imap-login: Disconnected: Connection closed (auth failed, 1 attempts in %d secs): user=<%s>, "+
		"method=%s, rip=%s, lip=198.51.100.4, TLS: Connection closed, session=<%x>", 2+p.IntN(3), name,
		p.one("PLAIN", "LOGIN", "CRAM-MD5"), p.addr, p.Uint64())
	p.fails++
}

func (p *play) sql(name string, exists bool) {
	why := "unknown user"
	if exists {
		why = "Password mismatch"
	}
	p.say("dovecot", "auth-worker(%d): conn unix:auth-worker (pid=12,uid=97): auth-worker<%d>: sql(%s,%s,<%x>): %s",
		p.pid, p.IntN(99), name, p.addr, p.Uint64(), why)
	p.fails++
}

func (p *play) submit(name string) {
	p.say("postfix/submission/smtpd", "warning: %s[%s]: SASL %s authentication failed: (reason unavailable), sasl_username=%s",
		p.one("unknown", "host.example.net"), p.addr, p.one("LOGIN", "PLAIN"), name)
	p.fails++
}

func (p *play) raw(format string, args ...any) {
	p.lines = append(p.lines, fmt.Sprintf(format, args...))
	p.fails++
}

func (p *play) cloud(name string) {
	p.raw(`{"reqId":"%x","level":2,"time":"%s","remoteAddr":"%s","user":"--","app":"no app in context","method":"POST",`+
		`"url":"/login","message":"Login failed: %s (Remote IP: %s)","userAgent":"Mozilla/5.0","version":"29.0.1.1"}`,
		p.Uint64(), p.now.Format(time.RFC3339), p.addr, name, p.addr)
}

func (p *play) blog(name string, exists bool) {
	if exists {
		p.say("wordpress(blog.example.org)", "Authentication failure for %s from %s", name, p.addr)
	} else {
		p.say("wordpress(blog.example.org)", "Authentication attempt for unknown user %s from %s", name, p.addr)
	}
	p.fails++
}

func (p *play) basic(name string, exists bool) {
	why := `: password mismatch`
	if !exists {
		why = ` was not found in "/etc/nginx/users"`
	}
	p.raw(`%s [error] %d#%d: *%d user "%s"%s, client: %s, server: intra.example.org, request: "GET / HTTP/2.0", host: "intra.example.org"`,
		p.now.Format("2006/01/02 15:04:05"), p.pid, p.pid, p.IntN(1e6), name, why, p.addr)
}

func (p *play) webmail(name string) {
	p.say("roundcube", "<%x> IMAP Error: Login failed for %s against mail.example.org from %s. AUTHENTICATE PLAIN: Authentication "+
		"failed. in /var/www/roundcube/program/lib/Roundcube/rcube_imap.php on line 211 (POST /?_task=login&_action=login)",
		p.Uint32(), name, p.addr)
	p.fails++
}

func (p *play) ftp(name string, exists bool) {
	why := " (Login failed): No such user found"
	if exists {
		why = " (Login failed): Incorrect password"
	}
	p.say("proftpd", "files.example.org (%s[%s]) - USER %s%s", p.addr, p.addr, name, why)
	p.fails++
}

var strangers = strings.Fields(`aurelie.lambert benoit charlotte.dv dimitri.k emma.wouters fvandamme gauthier h.claeys
	isabelle jvdberg koen.maes liesbeth m.dupuis noor.elh ophelie pascal.h quentin.b rachid.b s.verhoeven thibault
	u0091234 veerle wvh2 xavier.p yasmine.o zoltan.nagy beatrix.s cosimo dagmar.h einar fionnuala grzegorz hakan.y
	ioana.p jarmila katarzyna lorenzo.g mireille nuno.f oihane`)

func (p *play) who() string { return strangers[p.IntN(len(strangers))] }

func (p *play) box(name string) string {
	return name + p.one("@example.be", "@mail.example.nl", "@firm.example")
}

// slip makes one slip of the finger in a name.
func (p *play) slip(name string) string {
	i := 1 + p.IntN(len(name)-1)
	switch p.IntN(4) {
	case 0:
		return name[:i] + name[i+1:] + name[len(name)-1:]
	case 1:
		return name[:i] + string(name[i-1]) + name[i:]
	case 2:
		return name[:i-1] + string(name[i]) + string(name[i-1]) + name[i+1:]
	}
	return name + p.one("n", "1", ".")
}

var strangePeople = map[string]func(*play){
	"forgotten password, ssh":     func(p *play) { n := p.who(); p.until(func() { p.ssh(n, true); p.think(14) }) },
	"forgotten password, mail":    func(p *play) { n := p.box(p.who()); p.until(func() { p.imap(n); p.think(25) }) },
	"forgotten password, webmail": func(p *play) { n := p.box(p.who()); p.until(func() { p.webmail(n); p.think(18) }) },
	"forgotten password, cloud":   func(p *play) { n := p.who(); p.until(func() { p.cloud(n); p.think(20) }) },
	"forgotten password, blog":    func(p *play) { n := p.who(); p.until(func() { p.blog(n, true); p.think(16) }) },
	"forgotten password, ftp":     func(p *play) { n := p.who(); p.until(func() { p.ftp(n, true); p.think(9) }) },
	"forgotten password, intranet": func(p *play) {
		n := p.who()
		p.until(func() { p.basic(n, true); p.think(11) })
	},
	"stale phone, pushes back off": func(p *play) {
		n, wait := p.box(p.who()), 5.0
		p.until(func() { p.imap(n); p.pass(wait); wait = min(600, wait*2) })
	},
	"stale client, sql": func(p *play) { n := p.box(p.who()); p.until(func() { p.sql(n, true); p.pass(60) }) },
	"stale calendar":    func(p *play) { n := p.who(); p.until(func() { p.cloud(n); p.pass(900) }) },
	"stale backup by ftp": func(p *play) {
		n := p.who()
		p.until(func() { p.ftp(n, true); p.pass(30) })
	},
	"changed password, three programs": func(p *play) {
		n := p.box(p.who())
		p.until(func() {
			[]func(){func() { p.imap(n) }, func() { p.submit(n) }, func() { p.sql(n, true) }}[p.IntN(3)]()
			p.pass(3 + 40*p.Float64())
		})
	},
	"office, sql": func(p *play) {
		a, b, c := p.box("m.dupuis"), p.box("koen.maes"), p.box("veerle")
		p.until(func() { p.sql(p.one(a, b, c), true); p.think(60) })
	},
	"office, quiet": func(p *play) {
		a, b := p.box("noor.elh"), p.box("rachid.b")
		p.until(func() { p.imap(p.one(a, b)); p.think(45) })
	},
	"office, ssh": func(p *play) {
		p.until(func() { p.ssh(p.one("jvdberg", "gauthier", "h.claeys"), true); p.think(50) })
	},
	"typo in the name, ssh": func(p *play) { n := p.slip(p.who()); p.until(func() { p.ssh(n, false); p.think(13) }) },
	"two typos, then right": func(p *play) {
		n := p.who()
		p.ssh(p.slip(n), false)
		p.think(9)
		p.ssh(p.slip(n), false)
		p.think(12)
		p.until(func() { p.ssh(n, true); p.think(12) })
	},
	"typo in the domain": func(p *play) {
		n := p.who() + "@exmaple.be"
		p.until(func() { p.sql(n, false); p.think(20) })
	},
	"new phone, mail": func(p *play) {
		n := p.box(p.who())
		p.until(func() { p.imap(n); p.pass(1 + 3*p.Float64()); p.submit(n); p.think(30) })
	},
	"new phone, tries without the domain": func(p *play) {
		n := p.who()
		p.until(func() { p.sql(p.one(n, n+"@example.be"), p.IntN(2) == 0); p.think(30) })
	},
	"caps lock, ssh": func(p *play) { n := strings.ToUpper(p.who()); p.until(func() { p.ssh(n, false); p.think(8) }) },
	"caps lock, intranet": func(p *play) {
		n := strings.ToUpper(p.who())
		p.until(func() { p.basic(n, false); p.think(8) })
	},
	"key missing":       func(p *play) { n := p.who(); p.until(func() { p.key(n); p.think(12) }) },
	"key missing, root": func(p *play) { p.until(func() { p.key("root"); p.think(12) }) },
	"traveller in a hotel": func(p *play) {
		n := p.who()
		p.until(func() { p.basic(n, true); p.think(40) })
	},
	"own surname first": func(p *play) {
		p.until(func() {
			p.ssh(p.one("lambert", "alambert", "aurelie", "aurelie.lambert"), p.IntN(4) == 0)
			p.think(15)
		})
	},
	"couple at home": func(p *play) {
		p.until(func() { p.sql(p.one("emma.wouters@example.be", "thibault@example.be"), true); p.think(35) })
	},
	"administrator, root": func(p *play) { p.until(func() { p.ssh("root", true); p.think(11) }) },
	"local name of the laptop": func(p *play) {
		n := p.one("macbook", "poste3", "compta", "laptop-koen", "reception2")
		p.until(func() { p.ssh(n, false); p.think(14) })
	},
	"shared mailbox": func(p *play) {
		n := p.box(p.one("info", "compta", "boekhouding", "support", "secretariat"))
		p.until(func() { p.imap(n); p.pass(120) })
	},
}

var (
	dictionaryOf = strings.Fields(`oracle postgres test test1 guest ubuntu admin administrator root git hadoop jenkins nagios
		zabbix tomcat ftpuser minecraft steam pi user user1 deploy ec2-user centos www mysql redis elastic dspace`)
	first = strings.Fields(`john david michael james robert mary linda susan karen paul mark donald steven andrew kenneth
		george joshua kevin brian edward ronald timothy jason jeffrey ryan gary`)
	pinyin = strings.Fields(`zhangwei wangfang liuyang chenjing yangli zhaolei huangmin wujie xuqiang sunpeng zhoubin malong`)
)

func deck(p *play, of []string) func() string {
	order := p.Perm(len(of))
	n := -1
	return func() string { n++; return of[order[n%len(order)]] }
}

var strangeAttackers = map[string]func(*play){
	"dictionary": func(p *play) {
		next := deck(p, dictionaryOf)
		p.until(func() { n := next(); p.ssh(n, n == "root"); p.pass(1 + 8*p.Float64()) })
	},
	"dictionary, paced": func(p *play) {
		next := deck(p, dictionaryOf)
		p.until(func() { n := next(); p.ssh(n, n == "root"); p.pass(70 + 40*p.Float64()) })
	},
	"one name slowly": func(p *play) {
		n := p.one(dictionaryOf...)
		p.until(func() { p.ssh(n, n == "root"); p.pass(100 + 200*p.Float64()) })
	},
	"root, a flood": func(p *play) { p.until(func() { p.ssh("root", true); p.pass(0.5 * p.Float64()) }) },
	"first names": func(p *play) {
		next := deck(p, first)
		p.until(func() { p.ssh(next(), false); p.pass(2 + 5*p.Float64()) })
	},
	"pinyin": func(p *play) {
		next := deck(p, pinyin)
		p.until(func() { p.ssh(next(), false); p.pass(10 + 20*p.Float64()) })
	},
	"numbered": func(p *play) {
		n, i := p.one("test", "user", "guest", "ftp", "student"), 0
		p.until(func() { i++; p.ssh(fmt.Sprint(n, i), false); p.pass(3) })
	},
	"spray, mailboxes": func(p *play) {
		next := deck(p, strangers)
		p.until(func() { p.imap(next() + "@example.be"); p.pass(5 + 30*p.Float64()) })
	},
	"spray, sql": func(p *play) {
		next := deck(p, strangers)
		p.until(func() { p.sql(next()+"@example.be", p.IntN(5) == 0); p.pass(5 + 30*p.Float64()) })
	},
	"spray, submission": func(p *play) {
		next := deck(p, first)
		p.until(func() { p.submit(next() + "@example.be"); p.pass(20 + 60*p.Float64()) })
	},
	"roles of a domain": func(p *play) {
		next := deck(p, strings.Fields("info admin sales contact test office support billing hr postmaster webmaster marketing"))
		p.until(func() { p.submit(next() + "@example.be"); p.pass(10 + 60*p.Float64()) })
	},
	"valid names stolen, ssh": func(p *play) {
		next := deck(p, strangers)
		p.until(func() { p.ssh(next(), true); p.pass(4 + 20*p.Float64()) })
	},
	"valid names stolen, cloud": func(p *play) {
		next := deck(p, strangers)
		p.until(func() { p.cloud(next()); p.pass(3 + 10*p.Float64()) })
	},
	"blog, admin": func(p *play) { p.until(func() { p.blog("admin", p.IntN(2) == 0); p.pass(3 * p.Float64()) }) },
	"blog, site name": func(p *play) {
		p.until(func() {
			p.blog(p.one("blog.example.org", "admin", "example", "administrator", "wpadmin"), false)
			p.pass(2)
		})
	},
	"intranet": func(p *play) {
		next := deck(p, dictionaryOf)
		p.until(func() { p.basic(next(), false); p.pass(2) })
	},
	"ftp": func(p *play) {
		next := deck(p, strings.Fields("anonymous ftp www admin web example test user backup data upload"))
		p.until(func() { p.ftp(next(), false); p.pass(2) })
	},
	"web scanner": func(p *play) {
		next := deck(p, strings.Fields("/.env /.git/HEAD /wp-config.php.bak /phpmyadmin/ /actuator/health /cgi-bin/luci /vendor/phpunit"))
		p.until(func() {
			p.raw(`%s - - [%s] "GET %s HTTP/1.1" 404 153 "-" "Mozilla/5.0"`, p.addr, p.now.Format("02/Jan/2006:15:04:05 -0700"), next())
			p.pass(0.3)
		})
	},
	"webmail, stolen mailboxes": func(p *play) {
		next := deck(p, strangers)
		p.until(func() { p.webmail(next() + "@example.be"); p.pass(5 + 9*p.Float64()) })
	},
}

// outcomes plays every scene, and counts the verdicts by kind.
func outcomes(seed uint64, n int, kinds map[string]func(*play), know func(*play) Context) (all map[string]map[Who]int, total map[Who]int) {
	all, total = map[string]map[Who]int{}, map[Who]int{}
	r := rand.New(rand.NewPCG(seed, 77))
	for _, kind := range sortedKeys(kinds) {
		all[kind] = map[Who]int{}
		for range n {
			p := newPlay(r)
			kinds[kind](p)
			lines := p.lines[max(0, len(p.lines)-p.jail):]
			v := Judge(Read(strings.Join(lines, "\n")), know(p))
			all[kind][v.Who]++
			total[v.Who]++
		}
	}
	return all, total
}

// J01 on scenes of strangers, on several seeds.
func TestJ01StrangeScenesAreJudgedWithinTheBounds(t *testing.T) {
	know := func(p *play) Context { return Context{Failures: p.fails} }
	for seed := range uint64(5) {
		byKind, people := outcomes(seed, 20, strangePeople, know)
		wrong, n := people[Attacker], 20*len(strangePeople)
		if 100*wrong > n {
			t.Errorf("seed %d: %d of %d people called attackers", seed, wrong, n)
		}
		report(t, seed, "people", byKind, people, n)
		byKind, attackers := outcomes(seed, 20, strangeAttackers, know)
		wrong, n = attackers[Person], 20*len(strangeAttackers)
		if 100*wrong > 5*n {
			t.Errorf("seed %d: %d of %d attackers called people", seed, wrong, n)
		}
		report(t, seed, "attackers", byKind, attackers, n)
	}
}

func report(t *testing.T, seed uint64, whom string, byKind map[string]map[Who]int, total map[Who]int, n int) {
	t.Helper()
	t.Logf("seed %d: of %d %s %d called people, %d attackers, %d unclear (%d %%)", seed, n, whom, total[Person],
		total[Attacker], total[Unclear], 100*total[Unclear]/n)
	if seed > 0 {
		return
	}
	kinds := sortedKeys(byKind)
	slices.SortStableFunc(kinds, func(a, b string) int { return byKind[b][Unclear] - byKind[a][Unclear] })
	for _, kind := range kinds {
		t.Logf("  %-40s %v", kind, byKind[kind])
	}
}
