package discordtest

import (
	"encoding/json"
	"net/http"
	"regexp"
	"slices"
	"unicode/utf8"
)

// Command is a registered slash command.
type Command struct {
	Name        string   `json:"name"`
	Type        int      `json:"type"`
	Description string   `json:"description"`
	Options     []Option `json:"options"`
}

// Option is an argument of a Command.
type Option struct {
	Type        int      `json:"type"` // 3: text
	Name        string   `json:"name"`
	Description string   `json:"description"`
	Required    bool     `json:"required"`
	Choices     []Choice `json:"choices"`
}

// Choice is a value that an Option accepts.
type Choice struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

var commandName = regexp.MustCompile(`^[-_\p{Ll}\p{Lo}\p{N}]{1,32}$`)

// creationLimit is how many new commands a guild accepts in a day.
const creationLimit = 200

// overwrite sets the guild's commands: https://discord.com/developers/docs/interactions/application-commands
func (s *Server) overwrite(q Request, app, guild string) (any, *refusal) {
	var set []Command
	switch {
	case app != AppID:
		return nil, &refusal{
			http.StatusForbidden, 20012, "You are not authorized to perform this action on this application",
		}
	case guild != Guild:
		return nil, &refusal{http.StatusForbidden, 50001, "Missing Access"}
	case json.Unmarshal(q.Body, &set) != nil || len(set) > 100:
		return nil, invalid("commands")
	}
	created := 0
	for _, c := range set {
		if !commandName.MatchString(c.Name) || !described(c.Description) || len(c.Options) > 25 {
			return nil, invalid("command " + c.Name)
		}
		optional := false
		for _, o := range c.Options {
			if o.Type != 3 || !commandName.MatchString(o.Name) || !described(o.Description) ||
				len(o.Choices) > 25 || o.Required && optional {
				return nil, invalid("option " + o.Name)
			}
			optional = optional || !o.Required
		}
		if !slices.ContainsFunc(s.commands, func(known Command) bool { return known.Name == c.Name }) {
			created++
		}
	}
	if s.creates+created > creationLimit {
		return nil, &refusal{
			http.StatusBadRequest, 30034, "Max number of daily application command creates has been reached (200)",
		}
	}
	s.creates += created
	s.commands = set
	s.Notify()
	return set, nil
}

func described(s string) bool {
	n := utf8.RuneCountInString(s)
	return n >= 1 && n <= 100
}

// Commands returns the registered commands.
func (s *Server) Commands() []Command {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.commands)
}
