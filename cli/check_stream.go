package cli

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"friendlyfire/app"
	"friendlyfire/config"
	"friendlyfire/ingest"
	"friendlyfire/store"
	"friendlyfire/stream"
)

// fewReplicas is below how many servers one may not be down.
const fewReplicas = 3

// checkStream looks at a stream as the bot sees it, and tries whether it can be read.
func checkStream(ctx context.Context, list *checklist, a *app.App, c config.Source) {
	what := "source " + c.Name
	subscriber := a.Stream(c)
	seen, err := subscriber.Inspect(ctx)
	switch {
	case errors.Is(err, stream.ErrNoStream):
		list.problem(what, fmt.Errorf("there is no stream %s", c.Stream), "To make it: friendlyfire nats stream")
		return
	case err != nil:
		list.problem(what, natsReason(err), adviceForNATS(c.NATSCredentials))
		return
	case seen.Unreadable != nil:
		list.problem(what, fmt.Errorf("the stream is there, but cannot be read: %w", natsReason(seen.Unreadable)),
			"For what this account needs: friendlyfire nats user")
		return
	}
	list.ok(what, "stream %s, %d messages, on %s, nats-server %s", c.Stream, seen.Messages,
		wayTo(seen.Encrypted), seen.Version)
	for _, f := range streamFindings(&seen) {
		list.note(what, f.says, f.advice)
	}
	list.advise("whether NATS writes a message to the disk before it acknowledges it, nobody can see from here: each server wants\n" +
		"sync_interval: always")
	tellOfRejects(ctx, list, a.Store, c.Name, ingest.Preview{})
	checkServers(ctx, list, a.Store, c)
}

// remark is what could be better, and how.
type remark struct{ says, advice string }

// streamFindings are what of a stream may lose or delay bans.
func streamFindings(s *stream.Inspected) (all []remark) {
	add := func(is bool, says, advice string, args ...any) {
		if is {
			all = append(all, remark{fmt.Sprintf(says, args...), advice})
		}
	}
	add(s.Replicas < fewReplicas, "its messages are on %d of three servers, so that they are gone with that, or wait for it",
		"To have them on three: nats stream edit --replicas 3", s.Replicas)
	add(!s.File, "it keeps its messages in memory: they are gone when NATS stops", "It wants the storage \"file\", and is made anew for that.")
	add(s.Async, "it may acknowledge what is not on the disk yet", "It wants the persist mode \"default\".")
	add(!takesAll(s.Subjects), "it takes %s, not all of %s: other agents are told that no stream takes their bans",
		"nats stream edit --subjects '"+stream.Subjects+"'", strings.Join(s.Subjects, ", "), stream.Subjects)
	add(s.Longest < stream.MaxMessage, "it takes messages of %d bytes at most, and agents write up to %d", "nats stream edit --max-msg-size 16384",
		s.Longest, stream.MaxMessage)
	add(s.Window < time.Minute, "it knows repeats for %s only", "nats stream edit --dupe-window 2m", config.ShortDuration(s.Window))
	add(s.MaxAge > 0 && s.MaxAge < 24*time.Hour, "it drops messages after %s: a bot that is away for longer loses bans",
		"nats stream edit --max-age 30d", config.ShortDuration(s.MaxAge))
	add(s.RefusesNew, "it refuses what is new once it is full", "nats stream edit --discard old")
	add(s.Deaf, "this account may not listen to what is published, so that alerts wait while the servers elect a leader (up to 10 s)",
		"It may subscribe to "+stream.Subjects+": friendlyfire nats user")
	add(!s.Encrypted, "the connection is not encrypted", "That is well on this machine alone.")
	return all
}

func takesAll(subjects []string) bool {
	for _, s := range subjects {
		if s == stream.Subjects || s == ">" || s == "bans.*" {
			return true
		}
	}
	return false
}

func wayTo(encrypted bool) string {
	if encrypted {
		return "an encrypted connection"
	}
	return "a connection that is not encrypted"
}

// checkServers says how many servers the stream brings.
func checkServers(ctx context.Context, list *checklist, s *store.Store, c config.Source) {
	servers, err := s.Servers(ctx, time.Now().Add(-7*24*time.Hour))
	if err != nil {
		list.problem("source "+c.Name, err, "")
		return
	}
	n := 0
	for _, one := range servers {
		if one.Stream == c.Name {
			n++
		}
	}
	list.advise(fmt.Sprintf("servers whose agents were heard in the last week: %d", n))
}

// natsReason is an error of NATS in words.
func natsReason(err error) error { return inWords(err) }

func adviceForNATS(credentials string) string {
	if credentials == "" {
		return "Do its servers run, and do they let in who has no key? With one, named by nats_credentials: friendlyfire nats user"
	}
	return "Do its servers run, and do they know this key? What lets it in: friendlyfire nats user"
}

// checkAgent is check for the agent of a fleet, which has no chats.
func checkAgent(ctx context.Context, list *checklist, c *config.Config) error {
	a, err := app.OpenAgent(ctx, c, list.env, slog.New(slog.DiscardHandler))
	if err != nil {
		list.problem("database", err, adviceForDatabase(c, err))
		return list.end()
	}
	defer a.Close() //nolint:errcheck // nothing is lost by it
	list.ok("configuration", "%s, of an agent: friendlyfire forward", c.File)
	checkDatabase(ctx, list, a)
	checkRights(ctx, list, a)
	checkSources(ctx, list, a)
	checkPublishing(ctx, list, a)
	return list.end()
}

// serversNamed is "web1", or "12 servers".
func serversNamed(servers []string) string {
	if len(servers) == 1 {
		return servers[0]
	}
	return fmt.Sprintf("%d servers", len(servers))
}

// checkPublishing tries whether the agent can publish of each of its servers, and of no other.
func checkPublishing(ctx context.Context, list *checklist, a *app.App) {
	const what = "fleet"
	p := a.Publisher()
	defer p.Close()
	servers := p.Servers(ctx)
	taken := 0
	for _, server := range servers {
		switch err := p.Probe(ctx, server); {
		case err == nil:
			taken++
		case errors.Is(err, stream.ErrRefused):
			list.problem(what, fmt.Errorf("this account may not publish to %s", stream.Subject(server)),
				"For what lets it: friendlyfire nats user")
		case errors.Is(err, stream.ErrNoStream):
			list.problem(what, fmt.Errorf("no stream takes %s", stream.Subject(server)), "Where the bot runs: friendlyfire nats stream")
			return
		default:
			list.problem(what, natsReason(err), adviceForNATS(a.Config.Fleet.Credentials))
			return
		}
	}
	others, err := p.ProbeOthers(ctx)
	switch {
	case err == nil && !others && taken == len(servers):
		list.ok(what, "what is published of %s is taken, and of no other, on %s", serversNamed(servers), wayTo(p.Encrypted()))
	case err != nil:
		list.problem(what, natsReason(err), "")
	case !others:
	default:
		list.note(what, "this account may publish of other servers, too: whoever breaks into this one can make up bans of all",
			"To permit it its own alone: friendlyfire nats user")
	}
	if n, err := a.Store.Unpublished(ctx); err != nil {
		list.problem(what, err, "")
	} else if n > 0 {
		list.advise(fmt.Sprintf("yet to be published: %d", n))
	}
}
