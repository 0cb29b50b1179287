package config

import (
	"errors"
	"net/netip"
	"net/url"
	"os"
	"reflect"
	"regexp"
	"strings"
)

// Section is a section of config.toml that another package owns: that of a chat platform. It is a pointer to a struct
// whose fields name their keys in toml tags, and hold the defaults until they are read.
type Section interface {
	// Name is that of the section and of the platform: "telegram".
	Name() string
	// TokenForm finds a token of the platform in any text. Wherever one stands in the file, it is refused and not shown.
	TokenForm() *regexp.Regexp
	// Validate judges what was read, and gets the token.
	Validate(v *Validator)
}

// Validator judges one section. Its keys are those within it: "chats[2]", lists counted from one.
type Validator struct {
	r       *reader
	section string
	purpose Purpose
}

func (v *Validator) key(key string) string { return v.section + "." + key }

// Mistake notes what is wrong with a key, on the line where it is given; of one key no second mistake is told.
func (v *Validator) Mistake(key, format string, args ...any) {
	v.r.mistake(v.key(key), format, args...)
}

// Missing notes a key that should be given, on the line of another one.
func (v *Validator) Missing(key, near, format string, args ...any) {
	v.r.missing(v.key(key), v.key(near), format, args...)
}

// API judges the address of a platform, and drops the slash at its end.
func (v *Validator) API(key string, address *string) {
	if _, err := ParseAPI(*address); err != nil {
		v.Mistake(key, "%v", err)
	}
	*address = strings.TrimRight(*address, "/")
}

// ParseAPI reads the address of a platform's API: https, or http on this machine. It must hold nothing that is a secret
// or would be lost.
func ParseAPI(address string) (*url.URL, error) {
	u, err := url.Parse(strings.TrimRight(address, "/"))
	switch {
	case err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http":
		return nil, errors.New("expected the URL of a server, such as https://example.org")
	case u.User != nil || u.RawQuery != "" || u.Fragment != "":
		return nil, errors.New("must hold no password, query or fragment")
	case u.Scheme == "http" && !IsLoopback(u.Hostname()):
		return nil, errors.New("needs https: http would show the token on the way, and is for this machine only")
	}
	return u, nil
}

// IsLoopback reports whether host never leaves this machine. No name but localhost is known not to.
func IsLoopback(host string) bool {
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && ip.IsLoopback()
}

// Account is a bot's account on a platform, as a section has it.
type Account struct {
	Platform  string // as people call it: "Telegram"
	TokenForm *regexp.Regexp
	TokenFile string // key token_file
	ChatsKey  string // of the list of chats
	HasChats  bool
	HasUsers  bool // key users
}

// TokenVariable is the variable of the environment that may hold the token of the platform with this section.
func TokenVariable(section string) string {
	return "FRIENDLYFIRE_" + strings.ToUpper(section) + "_TOKEN"
}

// Token gets the account's token, and judges whether there is something to say it with, and somewhere to say it.
func (v *Validator) Token(a Account) (token Secret) {
	const fileKey = "token_file"
	hasChats := a.HasChats || v.r.wrong[v.key(a.ChatsKey)]
	if a.HasUsers && !hasChats && v.purpose == ToRun {
		v.Mistake("users", "has no effect without %s, where commands are heard", v.key(a.ChatsKey))
	}
	if v.purpose == ToAsk {
		return token
	}
	variable := TokenVariable(v.section)
	env := strings.TrimSpace(os.Getenv(variable))
	switch given := a.TokenFile != "" || v.r.wrong[v.key(fileKey)]; {
	case given && env != "":
		v.Mistake(fileKey, "%s is set as well: give the token in one place", variable)
	case given:
		text, err := readSecret(a.TokenFile)
		if err != nil {
			v.Mistake(fileKey, "%s", reason(err))
		} else if !isToken(a.TokenForm, text) {
			v.Mistake(fileKey, "the file does not hold a %s token alone", a.Platform)
		}
		token = NewSecret(text)
	case env != "":
		if !isToken(a.TokenForm, env) {
			v.r.mistakes = append(v.r.mistakes,
				Mistake{File: "environment", Key: variable, Text: "is no " + a.Platform + " token"})
		}
		token = NewSecret(env)
	case hasChats:
		v.Mistake(a.ChatsKey, "needs a token: name its file in %s, or set %s in the environment", v.key(fileKey), variable)
		return token
	default:
		return token
	}
	if !hasChats && v.purpose == ToRun {
		v.Missing(a.ChatsKey, fileKey,
			"is missing: there is a token and nowhere to post; `friendlyfire pair %s` finds the number of a chat", v.section)
	}
	return token
}

// isToken reports whether a text is a token and nothing else.
func isToken(form *regexp.Regexp, text string) bool {
	return text != "" && form.FindString(text) == text
}

// sectionKey is the field of a section that has the key; the zero Value where there is none.
func (c *Config) sectionKey(section, key string) (field reflect.Value) {
	for _, s := range c.Platforms {
		if s.Name() != section {
			continue
		}
		for f, value := range reflect.ValueOf(s).Elem().Fields() {
			if f.Tag.Get("toml") == key {
				return value
			}
		}
	}
	return field
}
