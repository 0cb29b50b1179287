package app

import (
	"context"
	"os"
	"path"
	"slices"
	"strings"
	"time"

	"friendlyfire/bot"
	"friendlyfire/config"
	"friendlyfire/ingest"
)

// Group returns what reads the files of a source that is a pattern.
func (a *App) Group(c config.Source) *ingest.Group {
	g := a.group(c, a.Config.Sources, &a.claims)
	g.New = func(file string, parts []string) (ingest.FileReader, error) {
		one, err := c.Matched(file, parts)
		if err != nil {
			return nil, err
		}
		reader := a.Reader(one)
		reader.Configured = nil
		return reader, nil
	}
	return g
}

// LoginGroup is Group for files of logins.
func (a *App) LoginGroup(l config.Logins) *ingest.Group {
	var places []config.Source
	for i := range a.Config.Logins {
		places = append(places, a.Config.Logins[i].Source())
	}
	g := a.group(l.Source(), places, &a.loginClaims)
	g.Logins = true
	g.New = func(file string, parts []string) (ingest.FileReader, error) {
		one, err := l.Matched(file, parts)
		if err != nil {
			return nil, err
		}
		reader := a.LoginReader(one)
		if !slices.ContainsFunc(a.Config.Sources, func(s config.Source) bool { return s.Name == one.Name }) {
			reader.Zone = a.Config.LoginZone(l) // that of the pattern of the same name, such as {1}
		}
		return reader, nil
	}
	return g
}

// group returns what reads the files of a pattern, but for its readers. Others are the places that the configuration
// names.
func (a *App) group(c config.Source, others []config.Source, claims *ingest.Claims) *ingest.Group {
	g := &ingest.Group{
		Store: a.Store, Every: c.Every, Claims: claims, Again: func(time.Duration) {},
		Files: ingest.LocalFiles{}, Pattern: ingest.NewPattern(c.Path), Own: isOwn(c, others),
	}
	if c.SFTP != nil {
		host := a.sftp(c)
		g.Files, g.Pattern = ingest.RemoteFiles{SFTP: host}, ingest.NewPattern(c.SFTP.Path)
	}
	for _, other := range others {
		if !other.IsPattern() {
			claims.Claim(other.Name, other.Location())
		}
	}
	return g
}

// isOwn returns what reports whether a file of the pattern is one that the configuration names by itself: it has more
// to say of it.
func isOwn(c config.Source, others []config.Source) func(ingest.Match) bool {
	return func(m ingest.Match) bool {
		for _, other := range others {
			switch {
			case other.IsPattern() || (other.SFTP == nil) != (c.SFTP == nil):
			case other.SFTP != nil:
				if strings.EqualFold(other.SFTP.Address, c.SFTP.Address) && path.Clean(other.SFTP.Path) == m.Path {
					return true
				}
			case path.Clean(other.Path) == m.Path:
				return true
			default:
				here, err := os.Stat(m.Path)
				there, missing := os.Stat(other.Path)
				if err == nil && missing == nil && os.SameFile(here, there) {
					return true
				}
			}
		}
		return false
	}
}

// Matched is what the pattern of a source has found.
type Matched struct {
	Sources  []config.Source
	Problems []bot.PatternProblem
}

// Match returns what a source stands for: the files of a pattern that are there now, or itself; nothing for a stream,
// whose servers have their files elsewhere. Its error is that they cannot be looked for.
func (a *App) Match(ctx context.Context, c config.Source) (m Matched, err error) {
	if c.IsStream() {
		return m, nil
	}
	if !c.IsPattern() {
		return Matched{Sources: []config.Source{c}}, nil
	}
	files, _, problems, err := a.Group(c).Preview(ctx)
	for _, file := range files {
		one, err := c.Matched(file.Path, file.Parts)
		if err != nil {
			return m, err // never: it was found by its name
		}
		m.Sources = append(m.Sources, one)
	}
	m.Problems = patternProblems(problems)
	return m, err
}

// MatchedLogins is what a pattern of logins has found.
type MatchedLogins struct {
	Logins   []config.Logins
	Problems []bot.PatternProblem
}

// MatchLogins is Match for files of logins.
func (a *App) MatchLogins(ctx context.Context, l config.Logins) (m MatchedLogins, err error) {
	files, _, problems, err := a.LoginGroup(l).Preview(ctx)
	for _, file := range files {
		one, err := l.Matched(file.Path, file.Parts)
		if err != nil {
			return m, err // never: it was found by its name
		}
		m.Logins = append(m.Logins, one)
	}
	m.Problems = patternProblems(problems)
	return m, err
}

func patternProblems(all []ingest.Problem) (problems []bot.PatternProblem) {
	for _, p := range all {
		problems = append(problems, bot.PatternProblem(p))
	}
	return problems
}

// Sources returns all sources, with the files that patterns match now in their place. Its error is of a pattern whose
// files cannot be looked for; the others are there all the same.
func (a *App) Sources(ctx context.Context) (all []config.Source, err error) {
	for _, c := range a.Config.Sources {
		m, unlisted := a.Match(ctx, c)
		if unlisted != nil && err == nil {
			err = unlisted
		}
		all = append(all, m.Sources...)
	}
	return all, err
}

// SourceNames returns the names of the sources of a configuration, with those of local files that patterns match.
func SourceNames(ctx context.Context, c *config.Config) (names []string) {
	a := &App{Config: c}
	for _, source := range c.Sources {
		if source.IsPattern() && source.SFTP != nil {
			continue
		}
		m, _ := a.Match(ctx, source) // none where they cannot be looked for
		for _, one := range m.Sources {
			names = append(names, one.Name)
		}
	}
	return names
}

// readPattern returns the stage that reads all files of a pattern.
func (b *builder) readPattern(c config.Source, next func()) *stage {
	group := b.Group(c)
	b.groups = append(b.groups, foundGroup{group, c})
	return b.readGroup("read ", group, next)
}

// readLoginPattern is readPattern for files of logins.
func (b *builder) readLoginPattern(l config.Logins, next func()) *stage {
	group := b.LoginGroup(l)
	b.loginGroups = append(b.loginGroups, foundGroup{group, l.Source()})
	return b.readGroup("read logins of ", group, next)
}

func (b *builder) readGroup(does string, group *ingest.Group, next func()) *stage {
	inner := group.New
	group.New = func(file string, parts []string) (ingest.FileReader, error) {
		reader, err := inner(file, parts)
		switch reader := reader.(type) {
		case *ingest.Reader:
			reader.Next = next
		case *ingest.LoginReader:
			reader.Next = next
		}
		return reader, err
	}
	s := newStage(does+group.String(), group.Every)
	group.Again = s.RetryIn
	return s.doing(group.Step)
}

// foundGroup is a pattern that the daemon reads.
type foundGroup struct {
	*ingest.Group
	source config.Source
}

// found returns the sources that patterns have found so far, and the servers of streams.
func (a *App) found() (all []bot.Watched) {
	for _, g := range a.groups {
		for _, name := range g.Names() {
			all = append(all, bot.Watched{Name: name, SilentAfter: g.source.SilentAfter})
		}
	}
	for _, r := range a.readers {
		for _, name := range r.Servers() {
			all = append(all, bot.Watched{Name: name, SilentAfter: r.source.SilentAfter, Stream: r.source.Name})
		}
	}
	return all
}

// foundLogins returns the names of the files of logins that patterns have found so far.
func (a *App) foundLogins() (all []string) {
	for _, g := range a.loginGroups {
		all = append(all, g.Names()...)
	}
	return all
}

// patterns returns the patterns, with what is wrong with them.
func (a *App) patterns() (all []bot.Pattern) {
	for _, g := range a.groups {
		all = append(all, bot.Pattern{Name: g.String(), Problems: patternProblems(g.Problems())})
	}
	for _, g := range a.loginGroups {
		all = append(all, bot.Pattern{Name: "logins of " + g.String(), Problems: patternProblems(g.Problems())})
	}
	return all
}

// zoneOfFound returns the zone of a source that a pattern has found; nil: it is no such.
func (a *App) zoneOfFound(name string) *time.Location {
	for _, g := range a.groups {
		if g.Has(name) {
			return g.source.Timezone
		}
	}
	return nil
}

// watchPattern has the files of a pattern read when they change.
func (a *App) watchPattern(ctx context.Context, g foundGroup, wake func()) {
	if g.source.SFTP != nil || a.env.WatchPattern == nil {
		return
	}
	changed := func(file string) { g.Changed(file); wake() }
	err := a.env.WatchPattern(ctx, g.Pattern, changed, func(err error) {
		a.log.Warn("not all directories can be watched, so that some files are only polled; "+
			"fs.inotify.max_user_watches is how many may be", "pattern", g.String(), "error", err)
	})
	if err != nil {
		a.log.Error("files are polled, not watched", "pattern", g.String(), "error", err)
	}
}
