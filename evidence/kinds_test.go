package evidence

import (
	"fmt"
	"strings"
)

// people are kinds of persons.
var people = map[string]func(*stage){
	"forgotten password": func(s *stage) {
		for name := someone(s); s.tries < 5; s.wait(8, 60) {
			s.ssh(name, true, 1+s.IntN(3), 3, 25)
		}
	},
	"stale client": func(s *stage) {
		name, verbose, every := mailbox(s, someone(s)), s.IntN(2) == 0, []float64{15, 60, 90, 300}[s.IntN(4)]
		for s.tries < 5 {
			s.imap(name, true, verbose, "")
			s.wait(every-1, every+1)
		}
	},
	"stale client, passwords hashed": func(s *stage) {
		for name, hash := mailbox(s, someone(s)), fmt.Sprintf("%06x", s.IntN(1<<24)); s.tries < 5; s.wait(59, 61) {
			s.imap(name, true, true, hash)
		}
	},
	"office behind one address": func(s *stage) {
		for names := uniqueNames(s, 2+s.IntN(2)); s.tries < 6; s.wait(10, 90) {
			name := names[s.IntN(len(names))]
			switch s.IntN(3) {
			case 0:
				s.imap(mailbox(s, name), true, true, "")
			case 1:
				s.imap(mailbox(s, name), true, false, "")
			default:
				s.ssh(name, true, 1+s.IntN(2), 3, 20)
			}
		}
	},
	"typo in the name": func(s *stage) {
		for name := mistype(s, someone(s)); s.tries < 5; s.wait(5, 40) {
			s.ssh(name, false, 1+s.IntN(3), 3, 20)
		}
	},
	"typo, then the right name": func(s *stage) {
		name := someone(s)
		s.ssh(mistype(s, name), false, 2, 3, 20)
		s.wait(5, 40)
		s.ssh(name, true, 3, 3, 20)
	},
	"several guesses at one's own name": func(s *stage) {
		for i := 0; s.tries < 6; i, _ = i+1, 0 {
			s.ssh([]string{"anna", "anna.martin", "amartin", "martin"}[i%4], false, 1, 3, 20)
			s.wait(8, 40)
		}
	},
	"new phone": func(s *stage) {
		for name, verbose := mailbox(s, someone(s)), s.IntN(2) == 0; s.tries < 6; s.wait(1, 8) {
			s.imap(name, true, verbose, "")
			s.smtp(name)
		}
	},
	"caps lock": func(s *stage) {
		name := someone(s)
		if s.IntN(2) == 0 {
			for ; s.tries < 5; s.wait(4, 20) {
				s.ssh(strings.ToUpper(name), false, 1+s.IntN(2), 3, 15)
			}
			return
		}
		for ; s.tries < 5; s.wait(4, 20) {
			s.nginx(strings.ToUpper(name), false)
		}
	},
	"key missing": func(s *stage) {
		for name := someone(s); s.tries < 5; s.wait(3, 40) {
			s.pid += 3
			tag, port := fmt.Sprintf("sshd[%d]", s.pid), s.port()
			for range 1 + s.IntN(3) {
				s.say(tag, "Failed publickey for %s %s port %d ssh2: ED25519 "+
					"SHA256:a%d", name, from, port, s.IntN(99999))
			}
			s.say(tag, "Connection closed by authenticating user %s 192.0.2.7 port %d [preauth]", name, port)
			s.tries++
		}
	},
	"traveller": func(s *stage) {
		for name := someone(s); s.tries < 5; s.wait(10, 120) {
			s.nginx(name, true)
		}
	},
	"default user of another system": func(s *stage) {
		for name := pick(s, "ubuntu", "debian", "pi", "ec2-user", "admin"); s.tries < 5; s.wait(5, 30) {
			s.ssh(name, false, 1+s.IntN(2), 3, 12)
		}
	},
	"administrator as root": func(s *stage) {
		for s.tries < 5 {
			s.ssh("root", true, 1+s.IntN(3), 3, 20)
			s.wait(5, 60)
		}
	},
	"seven accounts of one mail program": func(s *stage) {
		for _, name := range uniqueNames(s, 7) {
			s.imap(name+"@example.com", true, s.IntN(2) == 0, "")
		}
	},
	"no login tried": func(s *stage) {
		for ; s.tries < 5; s.wait(1, 30) {
			s.pid++
			if s.pid%2 == 0 {
				s.say(fmt.Sprintf("sshd[%d]", s.pid), "Connection closed by 192.0.2.7 port %d [preauth]", s.port())
			} else {
				s.say("dovecot", "imap-login: Disconnected (no auth attempts in 1 secs): user=<>, "+
					"rip=192.0.2.7, lip=198.51.100.1, TLS, session=<x%d>", s.pid)
			}
			s.tries++
		}
	},
	"mailbox of a role": func(s *stage) {
		for name := pick(s, "info", "office", "sales", "support") + "@example.com"; s.tries < 5; s.wait(55, 65) {
			s.imap(name, true, s.IntN(2) == 0, "")
		}
	},
	"default users in turn": func(s *stage) {
		for _, name := range []string{"root", "admin", "ubuntu", "debian", "user"} {
			s.ssh(name, name == "root", 1, 1, 2)
			s.wait(5, 40)
		}
	},
	"mailboxes of a small firm": func(s *stage) {
		exists, verbose := s.IntN(3) > 0, s.IntN(2) == 0
		for range 2 {
			for _, name := range []string{"info", "sales", "office", someone(s)} {
				s.imap(name+"@example.com", exists, verbose, "")
				s.wait(0, 2)
			}
			s.wait(55, 65)
		}
	},
	"initials": func(s *stage) {
		for name := pick(s, "mc", "es", "db", "ts", "o'brien", "sol", "bin"); s.tries < 5; s.wait(10, 60) {
			s.smtp(name + "@example.com")
		}
	},
	"build server": func(s *stage) {
		for name := pick(s, "jenkins", "deploy", "gitlab", "ansible", "backup"); s.tries < 6; s.wait(1, 60) {
			s.ssh(name, s.IntN(2) == 0, 1, 1, 2)
		}
	},
	"browser with many requests": func(s *stage) {
		for name := someone(s); s.tries < 10; s.wait(0, 1) {
			s.nginx(name, true)
		}
	},
	"writer of a blog": func(s *stage) {
		for name := pick(s, someone(s), someone(s), "admin"); s.tries < 5; s.wait(5, 50) {
			s.wordpress(name, true)
		}
	},
	"cloud": func(s *stage) {
		for name := someone(s); s.tries < 5; s.wait(4, 40) {
			s.nextcloud(name)
		}
	},
	"webmail": func(s *stage) {
		for name := mailbox(s, someone(s)); s.tries < 5; s.wait(4, 40) {
			s.roundcube(name)
		}
	},
	"jail that bans at once": func(s *stage) {
		switch s.IntN(3) {
		case 0:
			s.ssh(someone(s), true, 1, 1, 2)
		case 1:
			s.ssh(mistype(s, someone(s)), false, 1, 1, 2)
		default:
			s.smtp(mailbox(s, someone(s)))
		}
	},
}

var guessed = strings.Fields(`oracle test guest ftpuser nagios hadoop postgres mysql tomcat user1 git jenkins zabbix
	minecraft teamspeak ts3 deploy ansible vagrant www ftp backup support operator webmaster student testuser dev
	odoo elastic es server steam solana sol validator administrator admin ubnt default pi apache jboss`)

// attackers are kinds of attackers.
var attackers = map[string]func(*stage){
	"one name slowly": func(s *stage) {
		name, exists := pick(s, "root", "root", "admin", guessed[s.IntN(len(guessed))]), false
		exists = name == "root"
		for every := 40 + 200*s.Float64(); s.tries < 5; s.wait(every-2, every+2) {
			s.ssh(name, exists, 1, 1, 2)
		}
	},
	"dictionary": func(s *stage) {
		for s.tries < 6 {
			name := guessed[s.IntN(len(guessed))]
			if s.IntN(4) == 0 {
				name = "root"
			}
			s.ssh(name, name == "root", 1, 1, 2)
			s.wait(0, 12)
		}
	},
	"spray over ssh": func(s *stage) {
		for i, name := range uniqueNames(s, 12) {
			if s.tries > 6 {
				break
			}
			s.ssh(name, i%5 == 4, 1, 1, 2)
			s.wait(0, 6)
		}
	},
	"spray over mail": func(s *stage) {
		verbose := s.IntN(2) == 0
		for i, name := range uniqueNames(s, 12) {
			if s.tries > 6 {
				break
			}
			if s.IntN(2) == 0 {
				s.smtp(name + "@example.com")
			} else {
				s.imap(name+"@example.com", i%4 == 3, verbose, "")
			}
			s.wait(1, 20)
		}
	},
	"one password for all": func(s *stage) {
		for _, name := range uniqueNames(s, 5) {
			s.imap(name, s.IntN(2) == 0, true, "5baa61")
			s.wait(1, 20)
		}
	},
	"valid names stolen": func(s *stage) {
		for _, name := range uniqueNames(s, 6) {
			if s.tries > 5 {
				break
			}
			s.ssh(name, true, 1, 1, 2)
			s.wait(1, 30)
		}
	},
	"dictionary over mail": func(s *stage) {
		for ; s.tries < 5; s.wait(2, 40) {
			name := pick(s, "info", "admin", "test", "sales", "postmaster", "scan", "noreply", "office", "backup")
			s.smtp(name + "@example.com")
		}
	},
	"blog": func(s *stage) {
		for exists := s.IntN(2) == 0; s.tries < 5; s.wait(0, 4) {
			s.wordpress(pick(s, "admin", "admin", "administrator", "wwwadmin", "test"), exists && s.IntN(2) == 0)
		}
	},
	"jail that bans at once": func(s *stage) { s.ssh(guessed[s.IntN(len(guessed))], false, 1, 1, 2) },
	"scanner": func(s *stage) {
		for ; s.tries < 3; s.wait(0, 2) {
			s.lines = append(s.lines, fmt.Sprintf(`192.0.2.7 - - [%s] "GET %s HTTP/1.1" 404 12 "-" `+
				`"-"`, s.now.Format("02/Jan/2006:15:04:05 -0700"),
				pick(s, "/.env", "/.git/config", "/vendor/phpunit/phpunit/src/Util/PHP/eval-stdin.php")))
			s.tries++
		}
	},
	"root quickly": func(s *stage) {
		for ; s.tries < 8; s.wait(0, 1) {
			s.ssh("root", true, 3, 0, 1)
		}
	},
}
