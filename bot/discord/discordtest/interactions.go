package discordtest

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"time"
)

// Deadlines of an interaction: https://discord.com/developers/docs/interactions/receiving-and-responding
const (
	respondWithin = 3 * time.Second
	tokenLifetime = 15 * time.Minute
)

// Interaction is a command or the press of a button, with its answers.
type Interaction struct {
	ID, Token string
	channel   string
	s         *Server
	at        time.Time
	responded bool
	deferred  bool
	update    bool // the answer is to take the place of the message
	gone      bool // that message is deleted
	answers   []Message
	below     []Message
	kind      int
	proposals []string
}

// Ask is a user and the place where they act.
type Ask struct {
	Guild, Channel, User string
	Bot                  bool // the user is a bot
}

// Admin is User in Channel of Guild.
var Admin = Ask{Guild: Guild, Channel: Channel, User: User}

// Slash sends a slash command to the bot, with its options as pairs of name and value.
func (s *Server) Slash(who Ask, name string, options ...string) *Interaction {
	given := []any{}
	for pair := range slices.Chunk(options, 2) {
		given = append(given, map[string]any{"type": 3, "name": pair[0], "value": pair[1]})
	}
	return s.Interact(who, 2, map[string]any{"id": "1", "type": 1, "name": name, "options": given})
}

// Type sends to the bot what has been typed so far of an option of a slash command.
func (s *Server) Type(who Ask, name, option, typed string) *Interaction {
	return s.Interact(who, 4, map[string]any{"id": "1", "type": 1, "name": name, "options": []any{
		map[string]any{"type": 3, "name": option, "value": typed, "focused": true},
	}})
}

// Proposals returns the values that the bot proposed for the option, nil before it has answered.
func (i *Interaction) Proposals() []string {
	i.s.mu.Lock()
	defer i.s.mu.Unlock()
	return slices.Clone(i.proposals)
}

// Press presses a button below a message of the bot.
func (s *Server) Press(who Ask, customID string) *Interaction {
	return s.Interact(who, 3, map[string]any{"component_type": 2, "custom_id": customID})
}

// Interact sends an interaction of this type to the bot. It is lost if no session is open.
func (s *Server) Interact(who Ask, kind int, data any) *Interaction {
	s.mu.Lock()
	defer s.mu.Unlock()
	id := s.newID()
	token := fmt.Sprintf("CANARY-interaction-token-%s-%s", id, id)
	i := &Interaction{ID: id, channel: who.Channel, s: s, kind: kind, at: time.Now(), Token: token}
	s.interactions[i.Token] = i
	user := map[string]any{"id": who.User, "username": "somebody", "discriminator": "0", "bot": who.Bot}
	event := map[string]any{
		"id": i.ID, "application_id": AppID, "type": kind, "data": data, "token": i.Token, "version": 1,
		"channel_id": who.Channel, "app_permissions": "0", "locale": "en-GB",
	}
	if who.Guild == "" {
		event["user"] = user
	} else {
		event["guild_id"] = who.Guild
		event["member"] = map[string]any{"user": user, "roles": []string{}, "permissions": "0"}
	}
	if kind == 3 {
		event["message"] = map[string]any{
			"id": s.newID(), "channel_id": who.Channel, "author": s.botUser(), "content": "",
		}
	}
	s.dispatch("INTERACTION_CREATE", event)
	return i
}

// callback handles the first response to an interaction.
func (s *Server) callback(q Request, parts []string) (any, *refusal) {
	if !q.matches("POST /interactions/*/*/callback") {
		return nil, &refusal{http.StatusNotFound, 0, "404: Not Found"}
	}
	i := s.interactions[parts[2]]
	var body struct {
		Type int             `json:"type"`
		Data json.RawMessage `json:"data"`
	}
	switch {
	case i == nil || i.ID != parts[1] || time.Since(i.at) > respondWithin:
		return nil, &refusal{http.StatusNotFound, 10062, "Unknown interaction"}
	case i.responded:
		return nil, &refusal{http.StatusBadRequest, 40060, "Interaction has already been acknowledged."}
	case json.Unmarshal(q.Body, &body) != nil || body.Type != map[int]int{2: 5, 3: 6, 4: 8, 5: 5}[i.kind]:
		return nil, invalid("type: this server takes deferred answers only, and proposals to who types")
	}
	if i.kind == 4 {
		var data struct {
			Choices []struct{ Name, Value string } `json:"choices"`
		}
		if json.Unmarshal(body.Data, &data) != nil || data.Choices == nil || len(data.Choices) > 25 {
			return nil, invalid("choices: up to 25 of name and value")
		}
		i.proposals = []string{}
		for _, c := range data.Choices {
			i.proposals = append(i.proposals, c.Value)
		}
	}
	i.responded, i.deferred, i.update = true, true, body.Type == 6
	s.Notify()
	return nil, nil
}

// editAnswer handles the answer that was deferred.
func (s *Server) editAnswer(r *http.Request, q Request, parts []string) (any, *refusal) {
	below := q.matches("POST /webhooks/*/*")
	if !below && !q.matches("PATCH /webhooks/*/*/messages/@original") {
		return nil, &refusal{http.StatusNotFound, 0, "404: Not Found"}
	}
	i := s.interactions[parts[2]]
	switch {
	case i == nil || parts[1] != AppID:
		return nil, &refusal{http.StatusUnauthorized, 50027, "Invalid Webhook Token"}
	case time.Since(i.at) > tokenLifetime:
		return nil, &refusal{http.StatusUnauthorized, 50027, "Invalid Webhook Token"}
	case !i.responded:
		return nil, &refusal{http.StatusNotFound, 10015, "Unknown Webhook"}
	case !below && i.gone:
		return nil, &refusal{http.StatusNotFound, 10008, "Unknown Message"}
	}
	d, m, no := s.read(r, q)
	if no != nil {
		return nil, no
	}
	m.Keeps = !below && (d.Attachments == nil || m.File == "" && len(*d.Attachments) > 0 || len(*d.Attachments) > 1)
	if below {
		m.ID, m.Channel = s.newID(), i.channel
		i.below = append(i.below, m)
		s.Notify()
		return map[string]any{"id": m.ID, "content": m.Content}, nil
	}
	m.ID, m.Channel, m.Deferred = s.newID(), i.channel, i.deferred
	i.answers = append(i.answers, m)
	s.Notify()
	return map[string]any{"id": m.ID, "content": m.Content}, nil
}

// Below returns what was posted below the message of the button.
func (i *Interaction) Below() []Message {
	i.s.mu.Lock()
	defer i.s.mu.Unlock()
	return slices.Clone(i.below)
}

// Gone deletes the message of the button.
func (i *Interaction) Gone() *Interaction {
	i.s.mu.Lock()
	defer i.s.mu.Unlock()
	i.gone = true
	return i
}

// InPlace reports whether the answer takes the place of the message of the button.
func (i *Interaction) InPlace() bool {
	i.s.mu.Lock()
	defer i.s.mu.Unlock()
	return i.update && len(i.answers) > 0
}

// Touched reports whether the bot has reacted in any way.
func (i *Interaction) Touched() bool {
	i.s.mu.Lock()
	defer i.s.mu.Unlock()
	return i.responded || len(i.answers) > 0
}

// Answers returns all versions of the answer, the current one last.
func (i *Interaction) Answers() []Message {
	i.s.mu.Lock()
	defer i.s.mu.Unlock()
	return slices.Clone(i.answers)
}

// Answer waits for the answer.
func (i *Interaction) Answer(ctx context.Context) (Message, error) {
	for {
		changed, answers := i.s.Changed(), i.Answers()
		if len(answers) > 0 {
			return answers[len(answers)-1], nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return Message{}, fmt.Errorf("interaction %s is not answered: %w", i.ID, ctx.Err())
		}
	}
}
