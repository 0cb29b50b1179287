package webhook

import (
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"net/url"
	"regexp"
	"strings"

	"golang.org/x/time/rate"

	"friendlyfire/bot/msg"
	"friendlyfire/bot/post"
	"friendlyfire/config"
)

// Config is the section [webhook] of the configuration.
type Config struct {
	// URLsFile contains a URL in each line, and before it a name if it is to have one. It must be readable by its owner
	// only.
	URLsFile string `toml:"urls_file"`
	// Form is that of the messages: "" for a JSON document, or "slack", "mattermost", "teams".
	Form string `toml:"form"`
	// SecretFile contains the key of the signatures in base64, with or without "whsec_"; "": nothing is signed.
	SecretFile string `toml:"secret_file"`
	// Private are networks of this machine or of private space in which webhooks may be.
	Private []string `toml:"private"`
	// Charts puts pictures into the JSON document.
	Charts bool `toml:"charts"`

	// Key and Targets are what the files hold.
	Key     config.Secret `toml:"-"`
	Targets []Target      `toml:"-"`
}

// Target is a webhook of the file of URLs.
type Target struct {
	Chat string        // its name, or an alias of its URL
	URL  config.Secret // valid
	Line int           // of the file
}

// NewConfig returns the section with its defaults.
func NewConfig() *Config { return &Config{} }

// Name is the name of the section and of the platform.
func (c *Config) Name() string { return platform }

// Chats are the names or aliases of the webhooks.
func (c *Config) Chats() (chats []string) {
	for _, t := range c.Targets {
		chats = append(chats, t.Chat)
	}
	return chats
}

// Unshared are the hosts of the webhooks, which a report for others does not tell.
func (c *Config) Unshared() (hosts []string) {
	for _, t := range c.Targets {
		if u, err := url.Parse(t.URL.Reveal()); err == nil {
			hosts = append(hosts, u.Hostname())
		}
	}
	return hosts
}

// Remote is false: anybody may write the dates of the answers, so that nobody asks them what time it is. Where there
// are only webhooks, the clock confirms itself by going on for a week.
func (c *Config) Remote() bool { return false }

// secretForm is what must not stand in the configuration: the key of the signatures, and the URLs of well-known
// webhooks.
var secretForm = regexp.MustCompile(`whsec_[A-Za-z0-9+/]{32,}=*|https://(?:hooks\.slack\.com/|discord(?:app)?\.com/api/webhooks/|` +
	`[A-Za-z0-9.-]+\.(?:webhook\.office\.com|logic\.azure\.com|api\.powerplatform\.com)[:/])[^\s"']+`)

// TokenForm matches a secret in any text.
func (c *Config) TokenForm() *regexp.Regexp { return secretForm }

// Validate checks the section, and reads its files.
func (c *Config) Validate(v *config.Validator) {
	if _, ok := forms[c.Form]; !ok {
		v.Mistake("form", `expected "slack", "mattermost", "teams", or "" for a JSON document`)
	}
	if c.Charts && c.Form != "" {
		v.Mistake("charts", "has no effect in the form of %s, which takes no pictures", c.Form)
	}
	for i, text := range c.Private {
		if _, err := parseNetwork(text); err != nil {
			v.Mistake(fmt.Sprintf("private[%d]", i+1), `expected a network or an address, such as "192.168.1.0/24" or "127.0.0.1"`)
		}
	}
	lines, bad := v.SecretLines("urls_file", c.URLsFile), false
	for i, line := range lines {
		if line = strings.TrimSpace(line); line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		t, err := c.parseLine(line)
		if err != nil {
			v.Mistake("urls_file", "line %d: %v", i+1, err)
			bad = true
			continue
		}
		t.Line = i + 1
		c.Targets = append(c.Targets, t)
	}
	if len(c.Targets) == 0 && !bad && lines != nil {
		v.Mistake("urls_file", "the file holds no URL")
	}
	c.Key = v.SecretFile("secret_file", c.SecretFile)
	if key, err := decodeKey(c.Key.Reveal()); !c.Key.Empty() && (err != nil || len(key) < 24 || len(key) > 64) {
		v.Mistake("secret_file", "expected 24 to 64 bytes in base64: openssl rand -base64 32")
	}
}

// networks returns those of the key private, which are valid.
func (c *Config) networks() (all []netip.Prefix) {
	for _, text := range c.Private {
		if network, err := parseNetwork(text); err == nil {
			all = append(all, network)
		}
	}
	return all
}

// parseNetwork parses a network, or an address that is one by itself.
func parseNetwork(text string) (netip.Prefix, error) {
	if a, err := netip.ParseAddr(text); err == nil && a.Zone() == "" {
		return a.Unmap().Prefix(a.Unmap().BitLen())
	}
	network, err := netip.ParsePrefix(text)
	if err == nil && network.Addr().Is4In6() {
		err = errors.New("an IPv4 network is written as one")
	}
	return network.Masked(), err
}

// parseLine reads a line of the file of URLs. Its errors quote nothing of it.
func (c *Config) parseLine(text string) (t Target, err error) {
	name, address, named := strings.Cut(text, " ")
	if !named {
		name, address = "", text
	}
	if name != "" && !nameForm.MatchString(name) {
		return t, errors.New("the name before the URL is not of small letters, digits and hyphens")
	}
	u, err := parseURL(strings.TrimSpace(address), c.networks())
	if err != nil {
		return t, err
	}
	t = Target{Chat: name, URL: config.NewSecret(u.String())}
	if name == "" {
		t.Chat = config.Alias(platform, u.String())
	}
	for _, o := range c.Targets {
		if o.Chat == t.Chat || o.URL.Reveal() == u.String() {
			return t, fmt.Errorf("it has the URL or the name of line %d", o.Line)
		}
	}
	return t, nil
}

// nameForm is that of a name in the file of URLs.
var nameForm = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,31}$`)

func decodeKey(text string) ([]byte, error) {
	return base64.StdEncoding.DecodeString(strings.TrimPrefix(text, "whsec_"))
}

// nobodyAsks is for the headers of answers.
func nobodyAsks(http.Header) {}

// Connect returns the client. It does not use the network.
func (c *Config) Connect(b msg.Bot) (msg.Connection, error) {
	key, err := decodeKey(c.Key.Reveal())
	if err != nil {
		return nil, errors.New("webhook: the key is not base64")
	}
	g := newGuard(c.networks(), b.Dial)
	client := &client{
		form: forms[c.Form], charts: c.Charts, key: key, hooks: map[string]*hook{}, guard: g, http: post.New(g.dial, nobodyAsks),
	}
	for _, t := range c.Targets {
		u, err := parseURL(t.URL.Reveal(), g.private)
		if err != nil {
			return nil, fmt.Errorf("webhook: line %d: %w", t.Line, err)
		}
		client.hooks[t.Chat] = &hook{target: target{u, t.Line}, pace: rate.NewLimiter(rate.Every(postEvery), postBurst)}
	}
	return client, nil
}

// Advice says what to do about the refusals of webhooks.
func (c *Config) Advice() msg.Advice {
	return msg.Advice{Chat: "See whether the webhook still exists where it was made, and whether its line in urls_file is that of today."}
}
