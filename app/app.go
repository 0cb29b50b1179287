// Package app is the daemon: it builds the parts of the program, starts them, and ends them. Whatever runs for as long
// as the bot does is started here. The package knows every other one but cli: how a command line is written, and what
// commands print, it does not know.
package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"time"

	"friendlyfire/bot"
	"friendlyfire/bot/msg"
	"friendlyfire/charts"
	"friendlyfire/config"
	"friendlyfire/enrich"
	"friendlyfire/ingest"
	"friendlyfire/store"
	"friendlyfire/stream"
)

// App holds all parts of the program, built and not yet started. One from OpenOffline has no connections, no chats and
// no stages: it can only be asked.
type App struct {
	Config      *config.Config
	Store       *store.Store
	Table       *enrich.Table
	Connections []msg.Connection
	Chats       []store.Chat

	env       Env
	started   time.Time
	clock     *store.Clock // nil: nobody asks what time it is
	log       *slog.Logger
	stages    []*stage // the readers first, in the order of the sources
	logins    []*stage // in the order of the configuration
	deliver   []*stage // two of them for each chat: words and pictures
	announcer *bot.Announcer
	health    *bot.Health
	groups    []foundGroup // of sources that are patterns, in their order
	claims    ingest.Claims
	streams   []*stream.Subscriber
	readers   []streamReader
	forwards  bool   // this is an agent
	voice     *voice // nil: this bot shares it with nobody
	acting    *bot.Acting
	begin     []func()     // called when this bot begins to speak
	metrics   *metrics     // nil: not configured
	port      net.Listener // serves the metrics; nil: not configured
	progress  *progress
	memory    memory
}

// open opens the table and the database.
func (a *App) open(ctx context.Context) (err error) {
	if a.Table, err = enrich.OpenTable(a.Config.Enrich.Table, a.Config.Enrich.SystemTable); err == nil {
		a.Store, err = OpenStore(ctx, a.Config)
	}
	return err
}

// OpenStore opens the database, or creates it, and tells it which countries and networks are friendly.
func OpenStore(ctx context.Context, c *config.Config) (*store.Store, error) {
	_, missing := os.Stat(c.Database)
	s, err := store.Open(ctx, c.Database)
	if err != nil {
		return nil, err
	}
	if missing != nil {
		for _, suffix := range []string{"", "-wal", "-shm"} {
			store.OwnedLikeDirectory(c.Database + suffix)
		}
	}
	if err := s.SetFriends(ctx, friendsOf(c)); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// friendsOf returns whom the configuration calls friendly.
func friendsOf(c *config.Config) store.Friends {
	f := c.Friendly
	f.Logins = time.Duration(c.FriendlyLogins)
	return f
}

// Close closes the database and the table, as far as they were opened.
func (a *App) Close() error {
	var errs []error
	for _, s := range a.streams {
		s.Close()
	}
	if a.voice != nil {
		a.voice.feed.Close()
		a.voice.Log.Close()
	}
	if a.Store != nil {
		errs = append(errs, a.Store.Close())
	}
	if a.Table != nil {
		errs = append(errs, a.Table.Close())
	}
	return errors.Join(errs...)
}

// Words returns how messages are worded: their time zones, who is friendly, and whether addresses are masked.
func (a *App) Words() bot.Words {
	c := a.Config
	w := bot.Words{Zone: c.Timezone, Zones: map[string]*time.Location{}, Friends: friendsOf(c), Mask: c.Privacy.Mask, Shared: shared(c)}
	if c.Enrich.Table != "" {
		w.Table = "your table"
	}
	for _, s := range c.Sources {
		w.Zones[s.Name] = s.Timezone
		if s.IsPattern() && s.Timezone != c.Timezone {
			w.ZoneOf = a.zoneOfFound
		}
	}
	return w
}

// Judge returns what says who was banned.
func (a *App) Judge() *bot.Judge { return &bot.Judge{Store: a.Store, Words: a.Words()} }

// Reporter returns what counts the bans in the database and draws them.
func (a *App) Reporter() (*bot.Reporter, error) {
	r := &bot.Reporter{Store: a.Store, Words: a.Words(), Theme: charts.Light(), Judge: a.Judge()}
	if r.AutoTheme = a.Config.Report.Theme == "auto"; r.AutoTheme {
		return r, nil
	}
	var err error
	r.Theme, err = charts.ThemeNamed(a.Config.Report.Theme)
	return r, err
}

// bigImport is the number of bans in one import from which the memory that it took is worth returning.
const bigImport = 10_000

// Reader returns what reads the source.
func (a *App) Reader(c config.Source) *ingest.Reader {
	source := a.files(c)
	if IsSample(c) {
		source = sampleSource{a.Store}
	}
	var names []string
	for _, s := range a.Config.Sources {
		names = append(names, s.Name)
	}
	return &ingest.Reader{
		Configured: names, Store: a.Store, Name: c.Name, Source: source, Format: c.Format, Zone: c.Timezone,
		MaxAge: a.Config.Alerts.MaxAge, Clock: a.clock, Place: a.place(), Next: func() {}, Progress: a.progressed,
		Forward: a.forwards,
	}
}

// place returns what looks up new addresses; nil where there is no table.
func (a *App) place() store.Place {
	if a.Table == nil {
		return nil
	}
	return a.Table.Place
}

// progressed shows how far a reader has come.
func (a *App) progressed(p ingest.Progress) {
	if p.Bans > bigImport {
		a.memory.Touch()
	}
	a.progress.show(p)
}

// files returns where the files of a source are.
func (a *App) files(c config.Source) ingest.Source {
	if c.SFTP == nil {
		return ingest.Local{Path: c.Path}
	}
	return a.sftp(c)
}

// sftp returns the file of a source that is on another machine.
func (a *App) sftp(c config.Source) *ingest.SFTP {
	return &ingest.SFTP{
		User: c.SFTP.User, Address: c.SFTP.Address, Path: c.SFTP.Path,
		KeyFile: c.KeyFile, KnownHosts: c.KnownHosts, Dial: a.env.Dial,
	}
}

// LoginReader returns what reads a file of logins.
func (a *App) LoginReader(l config.Logins) *ingest.LoginReader {
	return &ingest.LoginReader{
		Store: a.Store, Name: l.Name, Source: a.files(l.Source()), Zone: a.Config.LoginZone(l),
		MaxAge: a.Config.Alerts.MaxAge, Clock: a.clock, Next: func() {},
	}
}

// Whois returns what asks the registries. It asks none where the configuration says so.
func (a *App) Whois() *enrich.Whois {
	whois := &enrich.Whois{
		Store: a.Store, Table: a.Table, Mirror: a.Config.Enrich.WhoisServer, Next: func() {},
	}
	if a.Config.Enrich.Whois {
		whois.Resolver = &enrich.Client{Dial: a.env.Dial}
	}
	return whois
}

// FreeSpace returns how many bytes are free on the disk that holds the database.
func (a *App) FreeSpace() (int64, error) {
	dir := filepath.Dir(a.Config.Database)
	free, err := store.FreeSpace(dir)
	if err != nil {
		err = fmt.Errorf("free space of %s: %w", dir, err)
	}
	return free, err
}
