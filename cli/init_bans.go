package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"friendlyfire/app"
	"friendlyfire/bot"
	"friendlyfire/config"
	"friendlyfire/ingest"
	"friendlyfire/store"
)

// friendCodes are the friends of the configuration as people write them.
func friendCodes(c *config.Config) string {
	var all []string
	for _, country := range c.Friendly.Countries {
		all = append(all, string(country))
	}
	for _, network := range c.Friendly.Networks {
		all = append(all, network.String())
	}
	for _, system := range c.Friendly.Systems {
		all = append(all, system.String())
	}
	return strings.Join(all, ", ")
}

// readFriends splits what a person calls his users: codes in either case, names of countries, networks.
func readFriends(answer string) []string {
	friends := []string{}
	for part := range strings.SplitSeq(answer, ",") {
		part = strings.TrimSpace(part)
		if code, ok := store.CountryNamed(part); ok {
			friends = append(friends, string(code))
			continue
		}
		for word := range strings.FieldsSeq(part) {
			if upper := strings.ToUpper(word); word != noPlatform && !strings.ContainsAny(word, ".:") {
				word = upper
			}
			if word != noPlatform {
				friends = append(friends, word)
			}
		}
	}
	return friends
}

// mistake returns what is wrong with the first key that is, without naming file and key.
func mistake(err error) error {
	if wrong, ok := errors.AsType[*config.Error](err); ok {
		return errors.New(wrong.Mistakes[0].Text)
	}
	return err
}

// askSource finds out which file of bans is read.
func (i *initializer) askSource(ctx context.Context) (err error) {
	present := i.config.Sources[0]
	i.plan.source = present
	if len(i.config.Sources) > 1 || present.SFTP != nil || present.IsPattern() {
		fmt.Fprintln(i.q.out, "\nThe sources of bans stay as they are.")
		return nil
	}
	if i.o.given("path") {
		path, err := filepath.Abs(i.o.path)
		if err != nil {
			return err
		}
		i.plan.found = lookAt(ctx, finding{path: path})
	} else if i.plan.found, err = i.chooseFile(ctx, present); err != nil {
		return err
	}
	i.plan.source.Path = i.plan.found.path
	i.set("source", "path", i.plan.found.path)
	if err := i.askName(ctx, present); err != nil {
		return err
	}
	return i.askZone(ctx, i.plan.found.preview)
}

// chooseFile shows the files of bans that are there, and asks which is read: usually the present one, if somebody chose
// it, or else the first of them.
func (i *initializer) chooseFile(ctx context.Context, present config.Source) (chosen finding, err error) {
	found, notes := findBans(ctx, i.env.Root)
	fmt.Fprintln(i.q.out)
	for _, note := range notes {
		fmt.Fprintln(i.q.out, note)
	}
	if len(found) == 0 {
		fmt.Fprintln(i.q.out, "There is no file of bans yet in any usual place.")
	} else {
		fmt.Fprintln(i.q.out, "Bans are written here:")
	}
	for n, f := range found {
		fmt.Fprintf(i.q.out, "  %d  %s\n", n+1, f)
	}
	at := slices.IndexFunc(found, func(f finding) bool { return f.path == present.Path })
	own := !i.usual && !app.IsSample(present)
	usual := "1"
	switch {
	case own && at < 0:
		usual = present.Path
	case own:
		usual = strconv.Itoa(at + 1)
	case len(found) == 0:
		usual = i.root("/var/log/fail2ban.log")
	}
	_, err = i.q.text(ctx, "Which is to be read? A number, or another file:", usual, func(answer string) error {
		n, err := strconv.Atoi(answer)
		switch {
		case err == nil && n >= 1 && n <= len(found):
			chosen = found[n-1]
		case answer == usual, filepath.IsAbs(answer):
			chosen = lookAt(ctx, finding{path: answer})
		default:
			return errors.New("a number of the list, or a file from its / on")
		}
		return nil
	})
	return chosen, err
}

// askName names the source after this machine, unless it has a name that somebody chose.
func (i *initializer) askName(ctx context.Context, present config.Source) error {
	usual := present.Name
	if i.usual {
		usual = hostName()
	}
	valid := func(answer string) error {
		_, err := i.env.Config().Set(i.before, []config.Setting{{Section: "source", Key: "name", Text: answer}})
		i.plan.source.Name = answer
		return mistake(err)
	}
	if i.o.given("name") {
		if err := valid(i.o.name); err != nil {
			return usage(fmt.Errorf("--name: %w", err))
		}
	} else if _, err := i.q.text(ctx, "What is this server called in alerts?", usual, valid); err != nil {
		return err
	}
	i.set("source", "name", i.plan.source.Name)
	return nil
}

// askZone asks for the zone of the file's times, if its last line shows that it is not this machine's.
func (i *initializer) askZone(ctx context.Context, preview ingest.Preview) error {
	shift := shiftOf(preview)
	if shift == 0 {
		zone, _ := machineZone(i.env.Root)
		fmt.Fprintf(i.q.out, "Its times are taken for those of this machine's time zone, %s.\n", cmp.Or(zone, time.Local.String()))
		return nil
	}
	_, offset := preview.Written.In(time.Local).Zone()
	zones := bot.ZonesAt(offset+int(shift/time.Second), preview.Modified, i.config.Timezone)
	if len(zones) == 0 {
		fmt.Fprintln(i.q.out, bot.ZoneAdvice(offset+int(shift/time.Second), preview.Modified, i.config.Timezone))
		return nil
	}
	fmt.Fprintf(i.q.out, "Its last line says %s, and was written at %s: its clock is in another time zone than this machine's.\n",
		localTime(preview.Written, time.Local), localTime(preview.Modified, time.Local))
	zone, err := i.q.text(ctx, "The zone of its times:", zones[0], func(answer string) error {
		_, err := i.env.Config().Set(i.before, []config.Setting{{Section: "source", Key: "timezone", Text: answer}})
		return mistake(err)
	})
	i.set("source", "timezone", zone)
	return err
}

// askHistory offers to read in what was rotated.
func (i *initializer) askHistory(ctx context.Context) (err error) {
	old := i.unread(ctx)
	if old == 0 {
		return nil
	}
	i.plan.importOld = i.o.importOld
	if !i.o.given("import") {
		i.plan.importOld, err = i.q.yes(ctx, fmt.Sprintf(
			"Rotated files beside it: %d. Read them in as history, without alerts?", old), true)
	}
	return err
}

// unread is how many rotated files lie beside the source's that were not read yet.
func (i *initializer) unread(ctx context.Context) int {
	if i.fresh || !exists(i.config.Database) {
		return len(i.plan.found.old)
	}
	a, err := app.OpenOffline(ctx, i.env)
	if err != nil {
		return 0
	}
	defer a.Close() //nolint:errcheck // nothing is lost by it
	files, err := a.Importer(i.plan.source, true).Unread(ctx)
	if err != nil {
		return 0
	}
	return len(files)
}
