package config

import (
	"errors"
	"net/url"
	"strings"
	"time"
)

// IsStream reports whether the source is a stream, whose messages are of many servers.
func (s *Source) IsStream() bool { return s.NATS != "" }

// ParseNATS parses a list of servers of NATS, which holds nothing that is secret. Encrypted says whether connections to
// them are to be: they are, except to this machine.
func ParseNATS(list string) (servers []string, encrypted bool, err error) {
	for server := range strings.SplitSeq(list, ",") {
		server = strings.TrimSpace(server)
		if !strings.Contains(server, "://") {
			server = "nats://" + server
		}
		u, err := url.Parse(server)
		switch {
		case err != nil || u.Hostname() == "" || u.Scheme != "nats" && u.Scheme != "tls":
			return nil, false, errors.New("expected servers, such as nats://a.example.org:4222,b.example.org:4222")
		case u.User != nil:
			return nil, false, errors.New("must hold no user and no password: name the file of the credentials in nats_credentials")
		case u.Path != "" || u.RawQuery != "" || u.Fragment != "":
			return nil, false, errors.New("must hold nothing behind the port")
		case u.Port() != "" && badAddress(u.Host) != "":
			return nil, false, errors.New(badAddress(u.Host))
		}
		servers = append(servers, u.String())
		encrypted = encrypted || u.Scheme == "tls" || !IsLoopback(u.Hostname())
	}
	return servers, encrypted, nil
}

// checkNATS validates servers of NATS, and the files that go with them.
func (r *reader) checkNATS(section, servers, credentials, ca string, purpose Purpose) {
	key := section + ".nats"
	if r.wrong[key] {
		return
	}
	if servers == "" {
		for name, value := range map[string]string{"nats_credentials": credentials, "nats_ca": ca} {
			if value != "" {
				r.mistake(section+"."+name, "has no effect without nats, the servers")
			}
		}
		return
	}
	if _, _, err := ParseNATS(servers); err != nil {
		r.mistake(key, "%v", err)
	}
	if purpose == ToAsk {
		return
	}
	r.readable(section+".nats_ca", ca)
	if credentials != "" {
		if _, err := readSecret(credentials); err != nil {
			r.mistake(section+".nats_credentials", "%s", reason(err))
		}
	}
}

// leastSilence is the shortest silence of a server of a stream that means anything.
const leastSilence = 3 * time.Hour

// checkStream validates what a source says of a stream; sources are those before it.
func (r *reader) checkStream(section string, s *Source, sources []Source, purpose Purpose) {
	r.checkNATS(section, s.NATS, s.NATSCredentials, s.NATSCA, purpose)
	if s.NATS == "" {
		if s.Stream != "" && !r.wrong[section+".nats"] {
			r.mistake(section+".stream", "has no effect without nats, the servers of the stream")
		}
		return
	}
	if s.SilentAfter != 0 {
		r.within(section+".silent_after", s.SilentAfter, leastSilence, 365*day) // agents are heard once an hour
	}
	if s.Act == "none" {
		s.Act = ""
	}
	if s.Stream == "" || strings.ContainsAny(s.Stream, " .*>/\\\t\r\n") {
		r.missing(section+".stream", section+".nats", `expected the name of a stream, such as "BANS"`)
	}
	for key, given := range map[string]bool{
		"path": s.Path != "", "sftp": s.SFTP != nil, "key_file": s.KeyFile != "", "known_hosts": s.KnownHosts != "",
		"log": s.Log != "", "act_key_file": s.ActKeyFile != "", "act": s.Act != "",
	} {
		if given {
			r.mistake(section+"."+key, "is for a file, and this source is a stream")
		}
	}
	for i := range sources {
		if sources[i].NATS == s.NATS && sources[i].Stream == s.Stream {
			r.mistake(section+".stream", "is that of source[%d] as well", i+1)
		}
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
