package ingest

import (
	"bytes"
	"slices"
	"time"

	"friendlyfire/store"
)

// Fail2Ban says what rule a jail has when it sets the jail up, at its start and when it reads its configuration again:
//
//	Creating new jail 'sshd'        or: Reload jail 'sshd'
//	  maxRetry: 5                   before 0.10: Set maxRetry = 5
//	  findtime: 600
//	  banTime: 600                  -1: for ever
//	Jail 'sshd' started             or: Jail 'sshd' reloaded
//
// (server/jail.py, filter.py, actions.py and server.py, of 0.8 to 1.1). What is set at other times names no jail.

// setup is the jail that Fail2Ban sets up just now.
type setup struct {
	host, jail string // jail is "" for none
}

// What the lines begin with.
var (
	setupStarts = [][]byte{
		[]byte("Creating new jail '"), []byte("Creating new jail u'"), []byte("Reload jail '"), []byte("Reload jail u'"),
	}
	setupEnds = [][]byte{[]byte("Reload finished"), []byte("Start"), []byte("Exiting"), []byte("Shutdown")}
	jailEnds  = [][]byte{[]byte("' started"), []byte("' stopped"), []byte("' reloaded")}
	settings  = []struct {
		prefix  []byte
		setting store.Setting
	}{
		{[]byte("maxRetry: "), store.MaxRetry},
		{[]byte("findtime: "), store.FindTime},
		{[]byte("banTime: "), store.BanTime},
		{[]byte("Set maxRetry = "), store.MaxRetry},
		{[]byte("Set findtime = "), store.FindTime},
		{[]byte("Set banTime = "), store.BanTime},
	}
)

// noteRule keeps what a line says of a jail's rule, and sends it.
func (p *logParser) noteRule(e *envelope, at time.Time) {
	for _, starts := range setupStarts {
		name, ok := bytes.CutPrefix(e.message, starts)
		if !ok {
			continue
		}
		if name, ok := bytes.CutSuffix(name, []byte{'\''}); ok && len(name) > 0 {
			p.setup = setup{string(e.host), p.cache.get(name, cleanJail)}
		}
		return
	}
	if p.setup.jail == "" || p.setup.host != string(e.host) {
		return
	}
	for _, s := range settings {
		text, ok := bytes.CutPrefix(e.message, s.prefix)
		if !ok {
			continue
		}
		if value, ok := seconds(text); ok {
			p.sendRule(store.Rule{Source: p.setup.host, Jail: p.setup.jail, Setting: s.setting, Value: value, At: at})
		}
		return
	}
	if endsSetup(e.message) {
		p.setup = setup{}
	}
}

// endsSetup reports whether Fail2Ban says that it has set its jails up, or has stopped doing so.
func endsSetup(message []byte) bool {
	begins := func(s []byte) bool { return bytes.HasPrefix(message, s) }
	ends := func(s []byte) bool { return bytes.HasSuffix(message, s) }
	return slices.ContainsFunc(setupEnds, begins) ||
		bytes.HasPrefix(message, []byte("Jail ")) && slices.ContainsFunc(jailEnds, ends)
}

func (p *logParser) sendRule(r store.Rule) {
	if r.Setting == store.FindTime && r.Value > 0 {
		p.tries.setFindTime(r.Source, r.Jail, r.Value)
	}
	if p.rule != nil {
		p.rule(r)
	}
}

// seconds reads a number such as 5, -1 or 600.0.
func seconds(text []byte) (n int64, ok bool) {
	text, below := bytes.CutPrefix(bytes.TrimSpace(text), []byte{'-'})
	if i := bytes.IndexByte(text, '.'); i > 0 {
		text = text[:i]
	}
	n, ok = natural(text)
	if below {
		n = -n
	}
	return n, ok
}
