package stream

import (
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/nats-io/nkeys"
)

// Permissions are what a user of NATS may do, by subjects.
type Permissions struct{ Publish, Subscribe []string }

// AgentPermissions are those of an agent, who is named by his public key: it publishes of its own servers and of no
// others, and hears its own answers.
func AgentPermissions(user string, servers ...string) Permissions {
	p := Permissions{Subscribe: []string{Inbox(user) + ".>"}}
	for _, server := range servers {
		p.Publish = append(p.Publish, Subject(server))
	}
	return p
}

// BotPermissions are those of a bot that reads a stream: to make it, to ask for its messages, and to hear what is
// published.
// https://docs.nats.io/reference/reference-protocols/nats_api_reference
func BotPermissions(user, stream string) Permissions {
	const api = "$JS.API."
	return Permissions{
		Publish: []string{
			api + "STREAM.INFO." + stream, api + "STREAM.CREATE." + stream, api + "CONSUMER.CREATE." + stream + ".>",
			api + "CONSUMER.INFO." + stream + ".*", api + "CONSUMER.MSG.NEXT." + stream + ".*",
			api + "CONSUMER.DELETE." + stream + ".*",
		},
		Subscribe: []string{Inbox(user) + ".>", Subjects},
	}
}

// VoicePermissions are those of one of two bots with one voice: to make the stream in which they tell each other what
// was said, to read it, and to write to it.
func VoicePermissions(user, stream string) Permissions {
	p := BotPermissions(user, stream)
	p.Publish = append(p.Publish, "$JS.API.STREAM.MSG.GET."+stream, stream+".>")
	p.Subscribe = []string{Inbox(user) + ".>"}
	return p
}

// With are these permissions and others, of one user.
func (p Permissions) With(others Permissions) Permissions {
	union := func(a, b []string) (all []string) {
		for _, s := range slices.Concat(a, b) {
			if !slices.Contains(all, s) {
				all = append(all, s)
			}
		}
		return all
	}
	return Permissions{Publish: union(p.Publish, others.Publish), Subscribe: union(p.Subscribe, others.Subscribe)}
}

// Entry is the user as the configuration of nats-server has him in its users.
func (p Permissions) Entry(user string) string {
	list := func(subjects []string) string { return `["` + strings.Join(subjects, `", "`) + `"]` }
	return fmt.Sprintf(`{ nkey: %s, permissions: { publish: %s, subscribe: %s } }`, user, list(p.Publish), list(p.Subscribe))
}

// UserOf returns the public key of the user whose credentials a file holds.
func UserOf(file string) (user string, err error) {
	_, user, err = credentials(file)
	return user, err
}

// NewUser makes a key, and keeps its seed in a file that only its owner may read; there must be none. It returns the
// public key.
func NewUser(file string) (user string, err error) {
	key, err := nkeys.CreateUser()
	if err != nil {
		return "", err
	}
	defer key.Wipe()
	seed, err := key.Seed()
	if err != nil {
		return "", err
	}
	f, err := os.OpenFile(file, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return "", err
	}
	defer f.Close()
	if _, err := f.Write(append(seed, '\n')); err != nil {
		return "", err
	}
	if err := f.Sync(); err != nil {
		return "", err
	}
	return key.PublicKey()
}
