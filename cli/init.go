package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"friendlyfire/app"
	"friendlyfire/config"
)

// initOptions are the answers that flags give. What is not given is asked for.
type initOptions struct {
	friendly   string
	path, name string
	action     bool
	importOld  bool
	platform   string
	tokenFile  string
	chats      []string
	users      []string
	service    bool
	yes        bool
	given      func(flag string) bool
}

func initCommand(env *app.Env) *cobra.Command {
	var o initOptions
	cmd := &cobra.Command{
		Use:   "init",
		Short: "Set up: find the bans, let in a chat, write the configuration, post a first message",
		Long: strings.TrimSpace(`
Set up the bot. It asks whose bans are to be told, finds where Fail2Ban on this machine or in a container writes them,
lets in a chat as pair does, writes the configuration with its comments, and posts a first message. It shows what it
would do before it does anything; Enter takes what stands in brackets, and Ctrl-C leaves everything as it is. A second
time it proposes what is there.

The flags answer in place of a person, and --yes gives the usual answer to all that they do not:

  sudo friendlyfire init --yes --friendly BE,NL --platform telegram --token-file /root/token --chat -1001234567890 --user 7
`),
		Args: validate(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			o.given = cmd.Flags().Changed
			return initialize(cmd.Context(), *env, o)
		},
	}
	f := cmd.Flags()
	f.StringVar(&o.friendly, "friendly", "", "countries and networks of your users: `LIST`, such as BE,203.0.113.0/24,AS5432")
	f.StringVar(&o.path, "path", "", "the `FILE` of bans: fail2ban.log, or the CSV file of the action")
	f.StringVar(&o.name, "name", "", "the `NAME` of this server in alerts")
	f.BoolVar(&o.action, "action", false, "add the action to the jails of this machine's Fail2Ban")
	f.BoolVar(&o.importOld, "import", true, "read in rotated files as history")
	f.StringVar(&o.platform, "platform", "", "`NAME` of the platform: "+strings.Join(app.PairNames(), ", ")+" or none")
	f.StringVar(&o.tokenFile, "token-file", "", "`FILE` with the token of the bot, which is copied beside the configuration")
	f.StringSliceVar(&o.chats, "chat", nil, "`ID` of a chat that gets alerts; without one a code finds it out")
	f.StringSliceVar(&o.users, "user", nil, "`ID` of a user who may command")
	f.BoolVar(&o.service, "service", true, "enable the service and start it")
	f.BoolVar(&o.yes, "yes", false, "ask nothing")
	complete(cmd, "platform", append(app.PairNames(), noPlatform))
	return cmd
}

// noPlatform is the answer of those who want no chat yet.
const noPlatform = "none"

// initializer is one run of init.
type initializer struct {
	env    app.Env
	o      initOptions
	q      questions
	before []byte         // text of the configuration
	fresh  bool           // there is no such file yet
	usual  bool           // it came with the program, so that nobody chose its values
	config *config.Config // before
	plan   plan
}

func initialize(ctx context.Context, env app.Env, o initOptions) error {
	i := &initializer{env: env, o: o, q: questions{out: env.Out}}
	switch {
	case o.yes:
	case app.IsTerminal(env.In):
		i.q.in = env.In
	default:
		return usage(errors.New("init asks you, and here is no terminal: run it in one, or say all of it by flags: " +
			"friendlyfire init --yes --friendly LIST --platform NAME --token-file FILE --chat ID --user ID"))
	}
	if err := i.open(); err != nil {
		return err
	}
	fmt.Fprintf(env.Out, "This sets up %s. Enter takes what stands in brackets; Ctrl-C leaves everything as it is.\n\n",
		i.env.File)
	for _, ask := range []func(context.Context) error{
		i.askFriends, i.askSource, i.askHistory, i.askAction, i.askPlatform, i.askRights, i.askService,
	} {
		if err := ask(ctx); err != nil {
			return err
		}
	}
	return i.carryOut(ctx)
}

// open reads the configuration that is there, or begins with the built-in one.
func (i *initializer) open() (err error) {
	if i.env.File == "" {
		i.env.File = config.DefaultFile
		system := systemFile(i.env)
		if _, err := os.Stat(filepath.Dir(system)); err == nil && os.Geteuid() == 0 && !isHere(config.DefaultFile) {
			i.env.File = system
		}
	}
	if i.before, err = os.ReadFile(i.env.File); errors.Is(err, os.ErrNotExist) {
		i.before, i.fresh = i.env.Defaults, true
	} else if err != nil {
		return err
	}
	if err := i.writable(); err != nil {
		return err
	}
	if i.config, err = i.env.Config().LoadText(i.before, config.ToAsk); err != nil {
		return err
	}
	defaults, err := i.env.Config().LoadText(i.env.Defaults, config.ToAsk)
	i.usual = err == nil && friendCodes(defaults) == friendCodes(i.config) && !exists(i.config.Database)
	if i.fresh && i.env.File == systemFile(i.env) {
		i.set("", "database", i.root(config.SystemDatabase))
	}
	return nil
}

// writable returns an error if this user may not write the configuration, before anybody has answered anything.
func (i *initializer) writable() error {
	what := i.env.File
	if i.fresh {
		what = filepath.Dir(what)
	}
	if mayWrite(what) && mayWrite(filepath.Dir(i.env.File)) {
		return nil
	}
	line := "sudo friendlyfire"
	if i.env.File != systemFile(i.env) {
		line += " --config " + i.env.File
	}
	return fmt.Errorf("%s may not be written by this user: %s init", i.env.File, line)
}

// root is where a file of this machine lies.
func (i *initializer) root(path string) string { return filepath.Join(i.env.Root, path) }

// set plans to give a key a text, in place of what was planned for it before.
func (i *initializer) set(section, key, text string) {
	i.plan.settings = slices.DeleteFunc(i.plan.settings, func(s config.Setting) bool {
		return s.Section == section && s.Key == key
	})
	i.plan.settings = append(i.plan.settings, config.Setting{Section: section, Key: key, Text: text})
}

func (i *initializer) askFriends(ctx context.Context) error {
	_, country := machineZone(i.env.Root)
	usual := cmp.Or(friendCodes(i.config), noPlatform)
	if i.usual {
		usual = cmp.Or(country, noPlatform)
	}
	var friends []string
	valid := func(answer string) (err error) {
		friends = readFriends(answer)
		_, err = i.env.Config().Set(i.before, []config.Setting{{Key: "friendly", Texts: friends}})
		return mistake(err)
	}
	fmt.Fprintln(i.q.out, "Where are your users? A ban of one of them is told at once. Countries, networks, or numbers of\n"+
		"networks, such as BE, NL, 203.0.113.0/24, AS5432.")
	if i.o.given("friendly") {
		if err := valid(i.o.friendly); err != nil {
			return usage(fmt.Errorf("--friendly: %w", err))
		}
	} else if i.q.in == nil && usual == noPlatform {
		return usage(errors.New("--friendly LIST says where your users are: nothing here tells"))
	} else if _, err := i.q.text(ctx, "Your users:", usual, valid); err != nil {
		return err
	}
	i.plan.settings = append(i.plan.settings, config.Setting{Key: "friendly", Texts: friends})
	return nil
}
