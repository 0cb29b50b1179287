package ingest

import (
	"strings"
	"testing"
	"time"
)

// A file in another dialect is read on where reading stopped, after a restart and after a rotation, and the preview
// agrees with the reader.
func TestCSVDialectIsKeptAcrossRestartsAndRotation(t *testing.T) {
	for name, c := range map[string]struct{ header, layout string }{
		"semicolons":     {"time;ip;jail\n", "2006-01-02 15:04:05;ADDRESS;sshd\n"},
		"foreign header": {"cuando|quien\n", "2006-01-02 15:04:05|ADDRESS\n"},
		"no header":      {"", "ADDRESS,2006-01-02T15:04:05Z,sshd\n"},
		"client":         {"", "ADDRESS \t2006-01-02 15:04:05 + 600 = 2099-01-02 15:04:05\n"},
		"quotes":         {"# mine\n\"Date\",\"IP Address\"\n", "\"2006-01-02 15:04:05\",\"ADDRESS\"\n"},
		"our own":        {"", "2006-01-02,15:04:05,ADDRESS\n"},
	} {
		t.Run(name, func(t *testing.T) {
			p := newPlace(t)
			row := func(n int) string {
				return strings.ReplaceAll(rowTime(n).Format(c.layout), "ADDRESS", ip(n))
			}
			p.write(p.path, c.header+row(0)+row(1))
			p.step()
			p.want(ips(0, 2)...)
			p.append(p.path, row(2))
			p.restart()
			p.step()
			p.want(ips(0, 3)...)
			p.rename(p.path, p.path+".1")
			p.write(p.path, c.header+row(3)+row(4))
			p.restart()
			p.step()
			p.want(ips(0, 5)...)
			if s := p.status(); s.Rejects != 0 || s.Gaps != 0 {
				t.Errorf("rejects %v, %d gaps; want none", s.Kinds, s.Gaps)
			}
			g, err := p.reader.Peek(t.Context())
			if err != nil || g.Last == nil || g.Bad != 0 || g.Last.Address != ip(4) {
				t.Errorf("preview %+v, %v; want the ban of %s", g, err, ip(4))
			}
			if g.Last != nil && g.Last.Time.Sub(rowTime(4)).Abs() > time.Second {
				t.Errorf("preview of %v, want %v", g.Last.Time, rowTime(4))
			}
		})
	}
}
