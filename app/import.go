package app

import (
	"context"
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"friendlyfire/config"
	"friendlyfire/ingest"
	"friendlyfire/store"
)

// SourceNamed returns the source of that name. Its error names the ones that there are.
func SourceNamed(ctx context.Context, env Env, c *config.Config, name string) (config.Source, error) {
	const most = 20
	var known []string
	all, unlisted := (&App{env: env, Config: c}).Sources(ctx)
	for _, source := range all {
		if source.Name == name {
			return source, nil
		}
		known = append(known, strconv.Quote(source.Name))
	}
	slices.Sort(known)
	if n := len(known) - most; n > 0 {
		known = append(known[:most], strconv.Itoa(n)+" more")
	}
	switch {
	case unlisted != nil:
		return config.Source{}, fmt.Errorf("there is no source %q: %w", name, unlisted)
	case known == nil:
		return config.Source{}, fmt.Errorf("there is no source %q: %s has none", name, c.File)
	}
	return config.Source{}, fmt.Errorf("there is no source %q: %s has %s", name, c.File, strings.Join(known, ", "))
}

// ServerNamed returns the server of that name whose bans a stream brings, as a source that has no file here; false: no
// stream of the configuration has brought any of it.
func (a *App) ServerNamed(ctx context.Context, name string) (server config.Source, ok bool, err error) {
	servers, err := a.Store.Servers(ctx, time.Time{})
	for _, s := range servers {
		for _, c := range a.Config.Sources {
			if s.Name == name && s.Stream == c.Name {
				return config.Source{Name: name, Timezone: c.Timezone}, true, err
			}
		}
	}
	return server, false, err
}

// Importer returns what reads history into the source: files of this machine or, with beside, the rotated files that
// lie beside the source's own.
func (a *App) Importer(c config.Source, beside bool) *ingest.Importer {
	m := &ingest.Importer{
		Store: a.Store, Name: c.Name, Source: ingest.Local{}, Zone: c.Timezone, Place: a.Table.Place,
		Progress: a.progress.show,
	}
	if beside {
		m.Source = a.Reader(c).Source
	}
	return m
}

// Unread says which rotated files of the source were not read, and what to type to import them; "" if there are none.
func (a *App) Unread(ctx context.Context, c config.Source) (finding, advice string, err error) {
	files, err := a.Importer(c, true).Unread(ctx)
	if err != nil || len(files) == 0 {
		return "", "", err
	}
	first, last := path.Base(files[0].Name), path.Base(files[len(files)-1].Name)
	finding = fmt.Sprintf("%d rotated files beside it were not read, %s to %s", len(files), first, last)
	if len(files) == 1 {
		finding = "a rotated file beside it was not read, " + first
	}
	command := "friendlyfire"
	if a.env.File != "" {
		command += " --config " + store.ShellQuote(a.env.File)
	}
	return finding, command + " import --source " + store.ShellQuote(c.Name), nil
}
