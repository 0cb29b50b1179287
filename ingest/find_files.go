package ingest

import (
	"cmp"
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path"
	"sync"

	"github.com/pkg/sftp"
)

// LocalFiles are files of this machine.
type LocalFiles struct{}

// Find implements Files.
func (l LocalFiles) Find(ctx context.Context, p Pattern, known func(string) bool) (Found, error) {
	return find(ctx, l, p, known)
}

// At implements Files.
func (LocalFiles) At(file string) Source { return Local{Path: file} }

// Location implements Files.
func (LocalFiles) Location(file string) string { return file }

func (LocalFiles) each(ctx context.Context, n int, do func(int)) error {
	for i := range n {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		do(i)
	}
	return nil
}

func (LocalFiles) list(dir string) (entries []entry, more bool, err error) {
	d, err := os.Open(dir)
	if err != nil {
		return nil, false, err
	}
	defer d.Close()
	names, err := d.ReadDir(mostNames + 1)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, false, err
	}
	more = len(names) > mostNames
	for _, name := range names[:min(len(names), mostNames)] {
		entries = append(entries, entry{name.Name(), name.Type()})
	}
	return entries, more, nil
}

func (LocalFiles) stat(file string) (Info, fs.FileMode, error) {
	fi, err := os.Stat(file)
	if err != nil {
		return Info{}, 0, err
	}
	return localInfo(file, fi), fi.Mode(), nil
}

// RemoteFiles are files of another machine, over one connection. They must be used by one goroutine at a time.
type RemoteFiles struct{ *SFTP }

// Limits of what a host is asked: at once, since each question takes the time of a way there and back, and within the
// time that one call may take.
const (
	askedAtOnce = 64
	askedInCall = 1000
)

// Find implements Files.
func (r RemoteFiles) Find(ctx context.Context, p Pattern, known func(string) bool) (Found, error) {
	return find(ctx, &remoteMachine{SFTP: r.SFTP}, p, known)
}

// At implements Files.
func (r RemoteFiles) At(file string) Source { return remoteSource{r.SFTP, file} }

// Location implements Files.
func (r RemoteFiles) Location(file string) string { return r.User + "@" + r.Address + file }

// remoteMachine looks at another machine for one Find.
type remoteMachine struct {
	*SFTP
	mu     sync.Mutex
	broken error // why the host cannot be asked; nil: it can
}

func (r *remoteMachine) each(ctx context.Context, n int, do func(int)) error {
	for from := 0; from < n; from += askedInCall {
		err := r.call(ctx, func(*sftp.Client) error {
			var group sync.WaitGroup
			next := make(chan int)
			for range min(askedAtOnce, n-from) {
				group.Go(func() {
					for i := range next {
						do(i)
					}
				})
			}
			for i := from; i < min(from+askedInCall, n); i++ {
				next <- i
			}
			close(next)
			group.Wait()
			return r.broken
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// note keeps an error that is not the host's answer.
func (r *remoteMachine) note(err error) error {
	if _, answered := errors.AsType[*sftp.StatusError](err); err != nil && !answered && !errors.Is(err, fs.ErrNotExist) &&
		!errors.Is(err, fs.ErrPermission) {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.broken = cmp.Or(r.broken, err)
	}
	return err
}

func (r *remoteMachine) list(dir string) (entries []entry, more bool, err error) {
	all, err := r.client.ReadDir(dir)
	for _, fi := range all[:min(len(all), mostNames)] {
		entries = append(entries, entry{path.Base(fi.Name()), fi.Mode()})
	}
	return entries, len(all) > mostNames, r.note(err)
}

func (r *remoteMachine) stat(file string) (Info, fs.FileMode, error) {
	fi, err := r.client.Stat(file)
	if err != nil {
		return Info{}, 0, r.note(err)
	}
	return remoteInfo(file, fi), fi.Mode(), nil
}

// remoteSource is one of several files of another machine.
type remoteSource struct {
	*SFTP
	path string
}

// Stat implements Source.
func (s remoteSource) Stat(ctx context.Context) (Info, error) { return s.statAt(ctx, s.path) }

// Rotated implements Source.
func (s remoteSource) Rotated(ctx context.Context) ([]Info, error) { return s.rotatedAt(ctx, s.path) }
