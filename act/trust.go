package act

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// trustFile is the list of whom Fail2Ban ignores, within the folder of the state: a line for each, with the address,
// and from when until when in unix seconds. It is replaced whole: whoever reads it sees one state or the next.
const trustFile = "trusted"

// maxTrusted bounds the list: it is read at every failed login.
const maxTrusted = 1000

// maxState bounds the files of the state, in bytes.
const maxState = 256 << 10

// clockSlack is how far the clock may have been set back before a trust does not count: its end would not come in time.
const clockSlack = time.Hour

// trusted is one line of the list.
type trusted struct {
	target      netip.Prefix
	from, until time.Time
}

// counts reports whether it is in force. Nothing is for longer than MaxTrust, whatever stands in the file.
func (e trusted) counts(now time.Time) bool {
	return now.Before(e.until) && !now.Add(clockSlack).Before(e.from) && e.until.Sub(e.from) <= MaxTrust
}

// Trusts reports whether the list in the folder names the address now. It opens nothing but a file that is root's, or
// its own user's, and that nobody else may write, and it waits for nothing: a pipe in the list's place would keep
// Fail2Ban from banning for a minute at each failed login.
func Trusts(dir, address string, now time.Time) (bool, error) {
	addr, err := netip.ParseAddr(address)
	if err != nil {
		return false, errors.New("no address")
	}
	addr = addr.Unmap().WithZone("")
	list, err := readTrusted(dir)
	for _, e := range list {
		if e.counts(now) && e.target.Contains(addr) {
			return true, nil
		}
	}
	return false, err
}

// readTrusted reads the list. A line that cannot be read is left out: it trusts nobody.
func readTrusted(dir string) (list []trusted, err error) {
	text, err := readState(filepath.Join(dir, trustFile))
	for line := range strings.Lines(string(text)) {
		words := strings.Fields(line)
		if len(words) != 3 {
			continue
		}
		target, bad := ParseTarget(words[0])
		from, bad2 := strconv.ParseInt(words[1], 10, 64)
		until, bad3 := strconv.ParseInt(words[2], 10, 64)
		if bad == nil && bad2 == nil && bad3 == nil {
			list = append(list, trusted{target, time.Unix(from, 0), time.Unix(until, 0)})
		}
	}
	return list, err
}

func writeTrusted(dir string, list []trusted) error {
	var b bytes.Buffer
	for _, e := range list {
		fmt.Fprintln(&b, TargetText(e.target), e.from.Unix(), e.until.Unix())
	}
	return writeState(filepath.Join(dir, trustFile), b.Bytes())
}

// readState reads a file of the state; one that is not there is empty. Its folder, too, must be one that nobody else
// can put files into: who can gives an old list its name again.
func readState(name string) ([]byte, error) {
	dir, err := os.Stat(filepath.Dir(name))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, nil
	case err != nil:
		return nil, err
	case !dir.IsDir():
		return nil, fmt.Errorf("%s is no folder", filepath.Dir(name))
	}
	if err := owned(filepath.Dir(name), dir); err != nil {
		return nil, err
	}
	f, err := os.OpenFile(name, os.O_RDONLY|syscall.O_NONBLOCK|syscall.O_NOFOLLOW, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s is no regular file", name)
	}
	if err := owned(name, info); err != nil {
		return nil, err
	}
	text, err := io.ReadAll(io.LimitReader(f, maxState+1))
	if err == nil && len(text) > maxState {
		return nil, fmt.Errorf("%s is larger than it can be", name)
	}
	return text, err
}

// owned returns an error unless only root, or the user of this process, can change what has this name.
func owned(name string, info fs.FileInfo) error {
	if info.Mode().Perm()&0o022 != 0 {
		return fmt.Errorf("%s may be written by others than its owner", name)
	}
	if sys, ok := info.Sys().(*syscall.Stat_t); !ok || sys.Uid != 0 && int(sys.Uid) != os.Geteuid() {
		return fmt.Errorf("%s is not root's", name)
	}
	return nil
}

// writeState replaces a file of the state. When it returns, the new one lasts, whatever happens to the machine.
func writeState(name string, text []byte) (err error) {
	f, err := os.CreateTemp(filepath.Dir(name), "."+filepath.Base(name)+"-*") // for its owner only
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			os.Remove(f.Name()) //nolint:errcheck // it is of no use, and does no harm
		}
	}()
	_, err = f.Write(text)
	err = errors.Join(err, f.Sync(), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), name)
	}
	if err != nil {
		return err
	}
	dir, err := os.Open(filepath.Dir(name))
	if err != nil {
		return err
	}
	defer dir.Close()
	return dir.Sync()
}
