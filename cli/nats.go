package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"friendlyfire/app"
	"friendlyfire/config"
	"friendlyfire/stream"
)

func natsCommand(env *app.Env) *cobra.Command {
	return &cobra.Command{
		Use:   "nats user|stream",
		Short: "Set up a fleet: make a key and print who may use it, or make the stream",
		Long: strings.TrimSpace(`
user makes the keys that the configuration names in nats_credentials, where there are none yet, and prints for each what
the configuration of nats-server needs to let it in: an agent with the subjects of its own servers, a bot with the stream
that it reads. The secret part of a key stays in its file.

stream makes the streams that the configuration reads, where there are none: in files, on three servers where it names so
many, for 30 days.
`),
		Args:      validate(cobra.MatchAll(cobra.ExactArgs(1), cobra.OnlyValidArgs)),
		ValidArgs: []string{"user", "stream"},
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := env.Config().Load(config.ToAsk)
			if err != nil {
				return err
			}
			if args[0] == "stream" {
				return makeStreams(cmd.Context(), *env, c)
			}
			return printUsers(cmd.Context(), *env, c)
		},
	}
}

// printUsers prints the users of NATS that the configuration needs, each as an entry for nats-server.
func printUsers(ctx context.Context, env app.Env, c *config.Config) error {
	printed := false
	if c.Agent {
		var servers []string
		for _, s := range c.Sources {
			if s.IsPattern() {
				servers = append(servers, app.SourceNames(ctx, &config.Config{Sources: []config.Source{s}})...)
				continue
			}
			servers = append(servers, s.Name)
		}
		user, err := userOf(c, "fleet", c.Fleet.Credentials)
		if err != nil {
			return err
		}
		fmt.Fprintf(env.Out, "%s # %s\n", stream.AgentPermissions(user, servers...).Entry(user), strings.Join(servers, ", "))
		printed = true
	}
	voice := ""
	if c.Fleet.Name != "" {
		user, err := userOf(c, "fleet", c.Fleet.Credentials)
		if err != nil {
			return err
		}
		voice = user
	}
	for _, s := range c.Sources {
		if !s.IsStream() {
			continue
		}
		user, err := userOf(c, "source "+s.Name, s.NATSCredentials)
		if err != nil {
			return err
		}
		permissions, reading := stream.BotPermissions(user, s.Stream), s.Stream
		if user == voice {
			permissions = permissions.With(stream.VoicePermissions(user, c.Fleet.Stream))
			reading += ", and speaking by " + c.Fleet.Stream
			voice = ""
		}
		fmt.Fprintf(env.Out, "%s # the bot, reading %s\n", permissions.Entry(user), reading)
		printed = true
	}
	if voice != "" {
		fmt.Fprintf(env.Out, "%s # the bot, speaking by %s\n",
			stream.VoicePermissions(voice, c.Fleet.Stream).Entry(voice), c.Fleet.Stream)
		printed = true
	}
	if !printed {
		return errors.New("the configuration has neither the stream of a fleet as a source, nor [fleet] nats without friendly")
	}
	return nil
}

// userOf returns the public key of the user whose credentials a file holds, and makes them if there is no such file.
func userOf(c *config.Config, what, file string) (string, error) {
	if file == "" {
		return "", fmt.Errorf("%s has no nats_credentials: the file that is to hold its key", what)
	}
	user, err := stream.UserOf(file)
	if !errors.Is(err, fs.ErrNotExist) {
		return user, err
	}
	if user, err = stream.NewUser(file); err != nil {
		return "", err
	}
	if bot, ok := serviceAccount(c.Database); ok && os.Geteuid() == 0 {
		err = os.Chown(file, int(bot.credential.Uid), int(bot.credential.Gid))
	}
	return user, err
}

// makeStreams makes the streams that the configuration reads.
func makeStreams(ctx context.Context, env app.Env, c *config.Config) error {
	a := app.ToConnect(c, env)
	defer a.Close() //nolint:errcheck // nothing is lost by it
	made := false
	for _, s := range c.Sources {
		if !s.IsStream() {
			continue
		}
		made = true
		servers, _, err := config.ParseNATS(s.NATS)
		if err != nil {
			return err
		}
		subscriber := a.Stream(s)
		if _, err := subscriber.State(ctx); err == nil {
			fmt.Fprintf(env.Out, "%s is there, and is left as it is\n", s.Stream)
			continue
		} else if !errors.Is(err, stream.ErrNoStream) {
			return natsReason(err)
		}
		replicas := min(len(servers), fewReplicas)
		if replicas == 2 { // which would be lost with either
			replicas = 1
		}
		if err := subscriber.Create(ctx, replicas); err != nil {
			return natsReason(err)
		}
		fmt.Fprintf(env.Out, "%s is made, its messages on %d of the servers\n", s.Stream, replicas)
	}
	if !made {
		return errors.New("no source of the configuration is a stream")
	}
	return nil
}
