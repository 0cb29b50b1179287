package cli

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"friendlyfire/bot/msg"
	"friendlyfire/ingest"
	"friendlyfire/store"
)

// usualLogs are where the log of Fail2Ban is, or a file of bans, in the order in which they are offered: the action's
// file says most of a ban.
var usualLogs = []string{
	actionFile,
	"/var/log/fail2ban.log",
	"/var/log/fail2ban/fail2ban.log", // Gentoo, and deploy/docker
	// Where the images of crazymax and of linuxserver keep it, in the folders that their guides name.
	"/var/lib/docker/volumes/*/_data/fail2ban.log",
	"/var/lib/docker/volumes/*/_data/log/fail2ban/fail2ban.log",
	"/var/lib/containers/storage/volumes/*/_data/fail2ban.log",
	"/opt/fail2ban/data/fail2ban.log", "/srv/fail2ban/data/fail2ban.log",
	"/opt/fail2ban/config/log/fail2ban/fail2ban.log", "/srv/fail2ban/config/log/fail2ban/fail2ban.log",
	"/opt/appdata/fail2ban/log/fail2ban/fail2ban.log", "/mnt/user/appdata/fail2ban/log/fail2ban/fail2ban.log",
}

// finding is a file of bans that is there.
type finding struct {
	path    string
	of      string // the container that writes it; "": this machine's Fail2Ban
	preview ingest.Preview
	old     []string // rotated files beside it
	err     error    // why it cannot be read
}

// String says what is known of the file, in one line.
func (f finding) String() string {
	says := f.path
	if f.of != "" {
		says += ", of the container " + f.of
	}
	switch {
	case f.err != nil:
		return says + ": " + f.err.Error()
	case f.preview.Last != nil:
		last := f.preview.Last.Time.Local()
		return says + ": last ban " + msg.Stamp(last, time.Now()) + last.Format(" MST")
	}
	return says + ": no ban in its last lines yet"
}

// findBans looks for files of bans: in the usual places below root, and where containers of Fail2Ban have them.
func findBans(ctx context.Context, root string) (found []finding, notes []string) {
	logs, notes := containerLogs(ctx)
	var all []finding
	for _, pattern := range usualLogs {
		names, err := filepath.Glob(filepath.Join(root, pattern))
		if err != nil {
			panic(err) // the patterns are ours
		}
		for _, name := range names {
			all = append(all, finding{path: name})
		}
	}
	for _, f := range append(logs, all...) {
		same := func(other finding) bool { return other.path == f.path }
		if info, err := os.Stat(f.path); err == nil && info.IsDir() || slices.ContainsFunc(found, same) {
			continue
		}
		found = append(found, lookAt(ctx, f))
	}
	slices.SortStableFunc(found, func(a, b finding) int { return cmp.Compare(a.rank(), b.rank()) })
	return found, notes
}

// rank sorts what can be read before what cannot, and what has bans before what has none.
func (f finding) rank() int {
	switch {
	case f.err != nil:
		return 2
	case f.preview.Last == nil:
		return 1
	}
	return 0
}

// lookAt reads the last lines of the file, and counts the rotated ones.
func lookAt(ctx context.Context, f finding) finding {
	local := ingest.Local{Path: f.path}
	f.preview, f.err = peekAt(ctx, local)
	if rotated, err := local.Rotated(ctx); err == nil {
		for _, r := range rotated {
			f.old = append(f.old, r.Name)
		}
	}
	if f.err != nil {
		f.err = inWords(f.err)
	}
	return f
}

// peekAt is a look at the file by itself, without the bot's database.
func peekAt(ctx context.Context, local ingest.Local) (preview ingest.Preview, err error) {
	dir, err := os.MkdirTemp("", "friendlyfire")
	if err != nil {
		return preview, err
	}
	defer os.RemoveAll(dir) //nolint:errcheck // the system clears its temporary files
	s, err := store.Open(ctx, filepath.Join(dir, "peek.db"))
	if err != nil {
		return preview, err
	}
	defer s.Close() //nolint:errcheck // nothing is lost by it
	return (&ingest.Reader{Store: s, Name: "peek", Source: local, Format: "auto", Zone: time.Local}).Peek(ctx)
}

// containerLogs asks Docker, or Podman, for containers of Fail2Ban and where on this machine their logs are. notes say
// of which there is no such file.
func containerLogs(ctx context.Context) (found []finding, notes []string) {
	ctx, cancel := context.WithTimeout(ctx, fail2banPatience)
	defer cancel()
	for _, client := range []string{"docker", "podman"} {
		list, err := exec.CommandContext(ctx, client, "ps", "--format", "{{.ID}} {{.Image}}").Output()
		if err != nil {
			continue // there is none, or it is not for us
		}
		for line := range strings.Lines(string(list)) {
			id, image, _ := strings.Cut(strings.TrimSpace(line), " ")
			if !strings.Contains(image, "fail2ban") {
				continue
			}
			about, err := exec.CommandContext(ctx, client, "inspect", id).Output()
			if err != nil {
				continue
			}
			var all []container
			if json.Unmarshal(about, &all) != nil || len(all) == 0 {
				continue
			}
			f, note := all[0].log(image)
			if note != "" {
				notes = append(notes, note)
			} else {
				found = append(found, f)
			}
		}
	}
	return found, notes
}

// container is what `docker inspect` says of one:
// https://docs.docker.com/reference/api/engine/version/v1.47/#tag/Container/operation/ContainerInspect
type container struct {
	Name   string
	Config struct{ Env []string }
	Mounts []struct{ Source, Destination string }
}

// log finds the log of the Fail2Ban in a container of this image; note says why there is none to read. linuxserver's
// image keeps it under /config, and crazymax's where F2B_LOG_TARGET says, by default in the container's output:
// https://github.com/crazy-max/docker-fail2ban#environment-variables
func (c container) log(image string) (f finding, note string) {
	name := store.Clean(strings.TrimPrefix(c.Name, "/"), 60)
	inside := "/config/log/fail2ban/fail2ban.log"
	if !strings.Contains(image, "linuxserver") {
		inside = ""
		for _, variable := range c.Config.Env {
			if target, ok := strings.CutPrefix(variable, "F2B_LOG_TARGET="); ok && strings.HasPrefix(target, "/") {
				inside = target
			}
		}
	}
	if inside == "" {
		return f, "The container " + name + " writes its log to its output, where nothing can follow it. " +
			"Give it F2B_LOG_TARGET=/data/fail2ban.log and a folder at /data, and start init again."
	}
	for _, mount := range c.Mounts {
		to := strings.TrimSuffix(mount.Destination, "/")
		if rest, ok := strings.CutPrefix(inside, to+"/"); ok && to != "" {
			return finding{path: filepath.Join(mount.Source, rest), of: name}, ""
		}
	}
	return f, "The container " + name + " keeps its log to itself, at " + inside +
		". Mount a folder of this machine there, and start init again."
}

// machineZone is the name of this machine's time zone, and the country that the zone's table puts it in; "" where that
// is not known.
func machineZone(root string) (zone, country string) {
	below := func(path string) string { return filepath.Join(root, path) }
	zone = os.Getenv("TZ")
	if target, err := os.Readlink(below("/etc/localtime")); err == nil && zone == "" {
		_, zone, _ = strings.Cut(target, "zoneinfo/")
	}
	if name, err := os.ReadFile(below("/etc/timezone")); err == nil && zone == "" {
		zone = strings.TrimSpace(string(name))
	}
	table, err := os.ReadFile(below("/usr/share/zoneinfo/zone.tab"))
	if err != nil {
		return zone, ""
	}
	for lines := bufio.NewScanner(bytes.NewReader(table)); lines.Scan(); { // code, coordinates, zone, comment
		if fields := strings.Fields(lines.Text()); len(fields) > 2 && fields[2] == zone && len(fields[0]) == 2 {
			return zone, fields[0]
		}
	}
	return zone, ""
}

// hostName is the name that a source of this machine gets.
func hostName() string {
	name, err := os.Hostname()
	name, _, _ = strings.Cut(name, ".")
	if name = store.Clean(name, 40); err != nil || name == "" || name == "localhost" {
		return "web1"
	}
	return name
}
