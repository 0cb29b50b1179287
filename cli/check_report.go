package cli

import (
	"bufio"
	"cmp"
	"fmt"
	"net/netip"
	"net/url"
	"os"
	"regexp"
	"runtime"
	"slices"
	"strings"

	"friendlyfire/app"
	"friendlyfire/config"
)

// privacy takes out of a text what is nobody's business: names of servers, chats and people, addresses, long numbers.
// The zero value takes out nothing.
type privacy struct {
	on    bool
	names []string
}

var (
	// colons and dots are what may be an address or a network, and may be a time.
	colonsAndDots = regexp.MustCompile(`[0-9A-Fa-f]*[:.][0-9A-Fa-f:.]+(?:/\d+)?`)
	// mails are addresses of mail, in the words of a server too.
	mails = regexp.MustCompile(`[^\s<>()"',;:]+@[\pL\pN.-]*[\pL\pN]`)
	// ids are the numbers of chats and users, which are longer than all others that check prints.
	ids = regexp.MustCompile(`-?\b\d{6,}\b`)
)

// hide takes the names out of everything that follows.
func (p *privacy) hide(names ...string) {
	for _, name := range names {
		if len(name) > 1 {
			p.names = append(p.names, name)
		}
	}
	slices.SortFunc(p.names, func(a, b string) int { return cmp.Compare(len(b), len(a)) }) // a.example.org before example
}

// text is what may be shown of a text.
func (p *privacy) text(s string) string {
	if !p.on {
		return s
	}
	for _, name := range p.names {
		s = strings.ReplaceAll(s, name, "…")
	}
	s = mails.ReplaceAllString(s, "ADDRESS")
	s = colonsAndDots.ReplaceAllStringFunc(s, func(word string) string {
		word, end := strings.TrimRight(word, ".:"), word[len(strings.TrimRight(word, ".:")):]
		if isAddress(word) {
			return "ADDRESS" + end
		}
		return word + end
	})
	return ids.ReplaceAllString(s, "NUMBER")
}

// hideConfig hides what the configuration names.
func (p *privacy) hideConfig(c *config.Config) {
	for _, s := range c.Sources {
		if !s.IsPattern() {
			p.hide(s.Name)
		}
		if s.SFTP != nil {
			p.hide(s.Location(), s.SFTP.User, s.SFTP.Address)
		}
		p.hideServers(s.NATS)
	}
	p.hideServers(c.Fleet.NATS)
	for _, section := range c.Platforms {
		if platform, ok := section.(app.Platform); ok {
			p.hide(platform.Chats()...)
			users, _ := app.UsersOf(platform)
			p.hide(users...)
			if more, ok := section.(interface{ Unshared() []string }); ok { // hosts, and who is known there
				p.hide(more.Unshared()...)
			}
		}
	}
	if host, err := os.Hostname(); err == nil {
		p.hide(host)
	}
	if home, err := os.UserHomeDir(); err == nil {
		p.hide(home)
	}
}

// hideServers hides the servers of NATS.
func (p *privacy) hideServers(list string) {
	p.hide(list)
	servers, _, err := config.ParseNATS(list)
	if err != nil {
		return
	}
	for _, server := range servers {
		if u, err := url.Parse(server); err == nil {
			p.hide(server, u.Host, u.Hostname())
		}
	}
}

// about says which program this is and what it runs on, in a line.
func about() string {
	version, revision := app.Version()
	system := runtime.GOOS
	if f, err := os.Open("/etc/os-release"); err == nil { // https://www.freedesktop.org/software/systemd/man/os-release.html
		defer f.Close()
		for lines := bufio.NewScanner(f); lines.Scan(); {
			if name, ok := strings.CutPrefix(lines.Text(), "PRETTY_NAME="); ok {
				system = strings.Trim(name, `"'`)
			}
		}
	}
	return fmt.Sprintf("friendlyfire %s %s, %s, %s/%s, %s", version, revision, runtime.Version(), runtime.GOOS,
		runtime.GOARCH, system)
}

// isAddress reports whether the word is an address, one with a port, or a network.
func isAddress(word string) bool {
	_, address := netip.ParseAddr(word)
	_, port := netip.ParseAddrPort(word)
	_, network := netip.ParsePrefix(word)
	return address == nil || port == nil || network == nil
}
