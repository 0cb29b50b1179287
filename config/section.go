package config

import (
	"os"
	"regexp"
	"strings"
)

// Section is the section of config.toml that a chat platform owns. It is a pointer to a struct in which the toml tags
// of the fields are the keys, and the values of the fields are the defaults until the file is read:
//
//	type Config struct {
//		TokenFile string   `toml:"token_file"`
//		Rooms     []string `toml:"rooms"` // numbers in the file are read as text
//		API       string   `toml:"api"`
//
//		Token config.Secret `toml:"-"` // set by Validate
//	}
type Section interface {
	// Name is that of the section and of the platform, such as "telegram".
	Name() string
	// TokenForm matches a token of the platform; nil: its secrets have no form of their own. Wherever text in the file
	// matches, it is refused and never shown.
	TokenForm() *regexp.Regexp
	// Validate is called once the section is read, or is known to be missing. It notes what is wrong, and gets the
	// token.
	Validate(v *Validator)
}

// Validator is what a section notes its mistakes with. Keys are named without the section; "chats[2]" is the second of
// a list.
type Validator struct {
	r       *reader
	section string
	purpose Purpose
}

// Mistake notes what is wrong with a key, at the line where it is given. Only the first mistake of a key is told.
func (v *Validator) Mistake(key, format string, args ...any) {
	v.r.mistake(v.key(key), format, args...)
}

// Missing notes that a key should be given, at the line of the key near that makes it necessary.
func (v *Validator) Missing(key, near, format string, args ...any) {
	v.r.missing(v.key(key), v.key(near), format, args...)
}

func (v *Validator) key(key string) string { return v.section + "." + key }

// isWrong reports whether a mistake of the key is noted: then its value was not read, though it was given.
func (v *Validator) isWrong(key string) bool { return v.r.wrong[v.key(key)] }

// API validates the address of the platform's API by the rules of ParseAPI, and drops the slash at its end.
func (v *Validator) API(key string, address *string) {
	if _, err := ParseAPI(*address); err != nil {
		v.Mistake(key, "%v", err)
	}
	*address = strings.TrimRight(*address, "/")
}

// Account is the bot's account on a platform, as the section describes it.
type Account struct {
	Platform  string // as people call it: "Telegram"
	TokenForm *regexp.Regexp
	TokenFile string // value of the key token_file
	ChatsKey  string // key of the list of chats
	HasChats  bool   // that list is not empty
	HasUsers  bool   // the list under the key users is not empty
	Optional  bool   // chats may do without a token
}

// TokenVariable returns the name of the environment variable that may hold the token of the platform with this section.
func TokenVariable(section string) string {
	return "FRIENDLYFIRE_" + strings.ToUpper(section) + "_TOKEN"
}

// tokenFileKey is the key of the token's file in every section.
const tokenFileKey = "token_file"

// Token returns the account's token from its file or the environment, and notes what keeps the bot from using it: no
// chats for a token, or no token for the chats. It is empty where none is needed, or where it cannot be read.
func (v *Validator) Token(a Account) Secret {
	hasChats := a.HasChats || v.isWrong(a.ChatsKey)
	if a.HasUsers && !hasChats && v.purpose == ToRun {
		v.Mistake("users", "has no effect without %s, where commands are heard", v.key(a.ChatsKey))
	}
	if v.purpose < ToPair {
		return Secret{}
	}
	token, given := v.readToken(a)
	switch {
	case hasChats && !given && !a.Optional:
		v.Mistake(a.ChatsKey, "needs a token: name its file in %s, or set %s in the environment",
			v.key(tokenFileKey), TokenVariable(v.section))
	case given && !hasChats && v.purpose == ToRun:
		find := "; `friendlyfire pair " + v.section + "` finds the number of a chat"
		if a.Optional {
			find = ""
		}
		v.Missing(a.ChatsKey, tokenFileKey, "is missing: there is a token and nowhere to post%s", find)
	}
	return token
}

// readToken reads the token, and reports whether one is given, right or wrong.
func (v *Validator) readToken(a Account) (token Secret, given bool) {
	variable := TokenVariable(v.section)
	env := strings.TrimSpace(os.Getenv(variable))
	switch inFile := a.TokenFile != "" || v.isWrong(tokenFileKey); {
	case inFile && env != "":
		v.Mistake(tokenFileKey, "%s is set as well: give the token in one place", variable)
		return Secret{}, true
	case inFile:
		text, err := readSecret(a.TokenFile)
		if err != nil {
			v.Mistake(tokenFileKey, "%s", reason(err))
		} else if !isToken(a.TokenForm, text) {
			v.Mistake(tokenFileKey, "the file does not hold a %s token alone", a.Platform)
		}
		return NewSecret(text), true
	case env != "":
		if !isToken(a.TokenForm, env) {
			v.r.mistakes = append(v.r.mistakes,
				Mistake{File: "environment", Key: variable, Text: "is no " + a.Platform + " token"})
		}
		return NewSecret(env), true
	}
	return Secret{}, false
}

// SecretFile returns the text of a file that a key names, without the white space around it, and notes what keeps it
// from being read: only its owner may. It is empty where the key is, where the configuration is loaded ToAsk or
// ToForward, and where the file cannot be read.
func (v *Validator) SecretFile(key, path string) Secret {
	return NewSecret(strings.TrimSpace(strings.Join(v.SecretLines(key, path), "\n")))
}

// SecretLines returns the lines of such a file, as they are, and nil where SecretFile is empty.
func (v *Validator) SecretLines(key, path string) []string {
	if path == "" || v.purpose < ToPair {
		return nil
	}
	text, err := readSecretFile(path)
	switch {
	case err != nil:
		v.Mistake(key, "%s", reason(err))
		return nil
	case strings.TrimSpace(text) == "":
		v.Mistake(key, "the file is empty")
		return nil
	}
	return strings.Split(text, "\n")
}

// isToken reports whether the text is a token and nothing else.
func isToken(form *regexp.Regexp, text string) bool {
	return text != "" && form.FindString(text) == text
}
