package evidence

import (
	"fmt"
	"strings"
)

// These kinds were set aside before the rule was made: other services, other names, other wordings.

var otherNames = strings.Fields(`agnieszka.k bdubois c.meyer delphine edvinas francois.p gert-jan hvanacker ilse_m
	jorge.alves kristof ldebacker mehmet nadine.s oleksandr pieterjan q.lambert roos
	sarah.oconnor tuur umberto.u virginie wim.claes xander yannick zsofia abdel chloe.b dirkv
	elif frederik greta`)

func other(s *stage) string { return otherNames[s.IntN(len(otherNames))] }

func (s *stage) proftpd(name, why string) {
	s.say(fmt.Sprintf("proftpd[%d]", s.pid), "web1.example.com (192.0.2.7[192.0.2.7]) - USER %s%s", name, why)
	s.tries++
}

var otherPeople = map[string]func(*stage){
	"password expired, keyboard-interactive": func(s *stage) {
		for name := other(s); s.tries < 5; s.wait(6, 45) {
			s.pid += 2
			tag, port := fmt.Sprintf("sshd[%d]", s.pid), s.port()
			for range 1 + s.IntN(3) {
				s.say(tag, "error: PAM: Authentication failure for %s %s", name, from)
				s.tries++
				if s.IntN(2) == 0 {
					s.say(tag, "Failed keyboard-interactive/pam for %s %s port %d ssh2", name, from, port)
					s.tries++
				}
				s.wait(3, 20)
			}
		}
	},
	"file transfer with a saved password": func(s *stage) {
		for name := other(s); s.tries < 5; s.wait(2, 30) {
			s.proftpd(name, " (Login failed): Incorrect password.")
		}
	},
	"exim, one mail program": func(s *stage) {
		for name := other(s) + "@example.org"; s.tries < 5; s.wait(20, 70) {
			s.lines = append(s.lines, s.now.Format("2006-01-02 15:04:05")+
				" dovecot_plain authenticator failed for (laptop) [192.0.2.7]:51234: 535 Incorrect "+
				"authentication data (set_id="+name+")")
			s.tries++
		}
	},
	"intranet of apache": func(s *stage) {
		for name := other(s); s.tries < 5; s.wait(2, 30) {
			why := `authentication failure for "/intra": Password Mismatch`
			if s.IntN(4) == 0 {
				s.apache("user " + mistype(s, name) + " not found: /intra")
				continue
			}
			s.apache("user " + name + ": " + why)
		}
	},
	"two at home": func(s *stage) {
		for a, b := other(s), other(s); s.tries < 6; s.wait(20, 80) {
			s.imap(mailbox(s, pick(s, a, b)), true, true, "")
		}
	},
	"backup script as root": func(s *stage) {
		for ; s.tries < 5; s.wait(299, 301) {
			s.pid += 40
			tag, port := fmt.Sprintf("sshd[%d]", s.pid), s.port()
			s.say(tag, "Failed publickey for root %s port %d ssh2: RSA SHA256:xyz", from, port)
			s.say(tag, "Connection closed by authenticating user root 192.0.2.7 port %d [preauth]", port)
			s.tries++
		}
	},
	"DOMAIN\\name and name@domain": func(s *stage) {
		for name := other(s); s.tries < 5; s.wait(5, 50) {
			s.roundcube(pick(s, name, name+"@example.org", strings.ToUpper(name[:1])+name[1:]))
		}
	},
	"phone with pam": func(s *stage) {
		for name := other(s); s.tries < 6; s.wait(1, 30) {
			s.say("dovecot", "auth-worker(%d): pam(%s,192.0.2.7): pam_authenticate() failed: Authentication "+
				"failure (Password mismatch?)", s.pid, name)
			s.tries++
		}
	},
	"blog, unknown spelling": func(s *stage) {
		for name := other(s); s.tries < 4; s.wait(5, 40) {
			s.wordpress(mistype(s, name), false)
		}
	},
	"many keys in the agent": func(s *stage) {
		name := other(s)
		s.pid++
		tag, port := fmt.Sprintf("sshd-session[%d]", s.pid), s.port()
		for i := range 6 {
			s.say(tag, "Failed publickey for %s %s port %d ssh2: ED25519 SHA256:k%d", name, from, port, i)
		}
		s.say(tag, "error: maximum authentication attempts exceeded for %s %s port %d ssh2 [preauth]", name, from, port)
		s.say(tag, "Disconnecting authenticating user %s 192.0.2.7 port %d: Too many authentication failures "+
			"[preauth]", name, port)
		s.tries = 1
	},
	"user of git": func(s *stage) {
		for ; s.tries < 5; s.wait(2, 20) {
			s.pid += 2
			s.say(fmt.Sprintf("sshd[%d]", s.pid), "Connection closed by authenticating user git 192.0.2.7 port "+
				"%d [preauth]", s.port())
			s.tries++
		}
	},
	"client of an old system": func(s *stage) {
		for ; s.tries < 4; s.wait(2, 20) {
			s.pid += 2
			s.say(fmt.Sprintf("sshd[%d]", s.pid), "Unable to negotiate with 192.0.2.7 port %d: no matching host "+
				"key type found. Their offer: ssh-rsa [preauth]", s.port())
			s.tries++
		}
	},
}

func (s *stage) apache(what string) {
	s.lines = append(s.lines, fmt.Sprintf("[%s.1234 2026] [auth_basic:error] [pid 7:tid 8] [client "+
		"192.0.2.7:%d] AH01617: %s",
		s.now.Format("Mon Jan 02 15:04:05"), s.port(), what))
	s.tries++
}

var otherGuesses = strings.Fields(`root admin ubuntu oracle1 testing ftp_user mysql2 hduser kafka redis grafana gitlab
	docker nginx www-data sshd bin daemon info1 sysadmin toor demo cisco mc csgo factorio plex sonar rabbitmq
	cloud centos fedora ec2-user webadmin dbadmin sql1 weblogic nexus sybase informix`)

var otherAttackers = map[string]func(*stage){
	"dictionary, several tries a name": func(s *stage) {
		for s.tries < 9 {
			name := otherGuesses[s.IntN(len(otherGuesses))]
			s.ssh(name, name == "root" || name == "www-data", 1+s.IntN(2), 0, 2)
			s.wait(0, 4)
		}
	},
	"ftp": func(s *stage) {
		for ; s.tries < 6; s.wait(0, 5) {
			s.proftpd(pick(s, "anonymous", "www", "ftp", "test", "web", "example.com", "admin"), ": no such "+
				"user found from 192.0.2.7 [192.0.2.7] to 198.51.100.1:21")
		}
	},
	"exim": func(s *stage) {
		for ; s.tries < 5; s.wait(1, 50) {
			s.lines = append(s.lines, s.now.Format("2006-01-02 15:04:05")+fmt.Sprintf(
				" login authenticator failed for (%s) [192.0.2.7]: 535 Incorrect authentication data (set_id=%s)",
				pick(s, "User", "ylmf-pc", "[192.0.2.7]"), pick(s, "admin", "contact", "info", "service", "user")))
			s.tries++
		}
	},
	"names of the web site, over dovecot": func(s *stage) {
		for range 8 {
			s.imap(other(s)+"@example.com", s.IntN(6) == 0, true, "")
			s.wait(1, 30)
		}
	},
	"intranet of apache": func(s *stage) {
		for ; s.tries < 5; s.wait(0, 2) {
			s.apache("user " + otherGuesses[s.IntN(len(otherGuesses))] + " not found: /")
		}
	},
	"one password a minute": func(s *stage) {
		for name := otherGuesses[s.IntN(len(otherGuesses))]; s.tries < 5; s.wait(60, 61) {
			s.ssh(name, name == "root", 1, 1, 2)
		}
	},
	"stolen list, mail": func(s *stage) {
		for i := range 6 {
			s.imap(otherNames[(i*7+s.IntN(7))%len(otherNames)], true, true, fmt.Sprintf("%06x", s.IntN(1<<24)))
			s.wait(2, 40)
		}
	},
	"web page to sshd": func(s *stage) {
		for ; s.tries < 3; s.wait(0, 3) {
			s.pid++
			s.say(fmt.Sprintf("sshd[%d]", s.pid), "Bad protocol version identification 'GET / HTTP/1.1' from "+
				"192.0.2.7 port %d", s.port())
			s.tries++
		}
	},
	"blog by XML-RPC": func(s *stage) {
		for ; s.tries < 4; s.wait(0, 3) {
			s.say("wordpress(example.org)[7]", "%s", pick(s, "XML-RPC authentication attempt for unknown user "+
				"admin from 192.0.2.7",
				"XML-RPC multicall authentication failure from 192.0.2.7", "Blocked user enumeration attempt "+
					"from 192.0.2.7"))
			s.tries++
		}
	},
}
