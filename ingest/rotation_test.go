package ingest

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"
)

func (p *place) gzip(from, to string) {
	p.t.Helper()
	text, err := os.ReadFile(from)
	p.must(err)
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, err = w.Write(text)
	p.must(err)
	p.must(w.Close())
	p.write(to, b.String())
	fi, err := os.Stat(from)
	p.must(err)
	p.must(os.Chtimes(to, fi.ModTime(), fi.ModTime()))
	p.must(os.Remove(from))
}

func (p *place) copy(from, to string) {
	p.t.Helper()
	text, err := os.ReadFile(from)
	p.must(err)
	p.write(to, string(text))
}

// rotations rotate a file of which bans 0 to 9 have been read, and add bans 10 to 19.
var rotations = map[string]func(p *place, row func(int) string, header string){
	"rename and create": func(p *place, row func(int) string, header string) {
		p.append(p.path, rows(row, 10, 15)) // not read before the rotation
		p.rename(p.path, p.path+".1")
		p.write(p.path, header+rows(row, 15, 20))
	},
	"rename and create without a header": func(p *place, row func(int) string, _ string) {
		p.append(p.path, rows(row, 10, 15))
		p.rename(p.path, p.path+".1")
		p.write(p.path, rows(row, 15, 20))
	},
	"rename by date": func(p *place, row func(int) string, header string) {
		p.append(p.path, rows(row, 10, 15))
		p.rename(p.path, p.path+"-20261122")
		p.write(p.path, header+rows(row, 15, 20))
	},
	"rename by date before the extension": func(p *place, row func(int) string, header string) {
		p.append(p.path, rows(row, 10, 15))
		p.rename(p.path, filepath.Join(filepath.Dir(p.path), "bans-20261122.csv"))
		p.write(p.path, header+rows(row, 15, 20))
	},
	"rename, and the new file comes late": func(p *place, row func(int) string, header string) {
		p.rename(p.path, p.path+".1")
		p.step()
		p.append(p.path+".1", rows(row, 10, 15)) // by a writer that still has it open
		p.step()
		p.write(p.path, "")
		p.append(p.path+".1", rows(row, 15, 17))
		p.step()
		p.append(p.path, header+rows(row, 17, 20))
	},
	"copytruncate": func(p *place, row func(int) string, header string) {
		p.append(p.path, rows(row, 10, 15))
		p.copy(p.path, p.path+".1")
		p.must(os.Truncate(p.path, 0))
		p.step()
		p.append(p.path, header+rows(row, 15, 20))
	},
	"truncate": func(p *place, row func(int) string, header string) {
		p.must(os.Truncate(p.path, 0))
		p.step()
		p.append(p.path, header+rows(row, 10, 20))
	},
	"truncate and regrow": func(p *place, row func(int) string, header string) {
		p.write(p.path, header+rows(row, 10, 20)) // the same inode, and no smaller
	},
	"truncate and regrow with some of the old lines": func(p *place, row func(int) string, header string) {
		p.write(p.path, header+rows(row, 4, 20))
	},
	"another file with the same inode number": func(p *place, row func(int) string, header string) {
		p.must(os.Remove(p.path))
		p.write(p.path, header+rows(row, 10, 20))
	},
	"the same file with another inode": func(p *place, row func(int) string, header string) {
		p.copy(p.path, p.path+".new")
		p.append(p.path+".new", rows(row, 10, 20))
		p.rename(p.path+".new", p.path)
	},
	"edited in place": func(p *place, row func(int) string, header string) {
		p.copy(p.path, p.path+".1") // the editor's backup has an unlucky name
		p.write(p.path, header+rows(row, 0, 3)+rows(row, 5, 20))
	},
	"gz": func(p *place, row func(int) string, header string) {
		p.append(p.path, rows(row, 10, 15))
		p.gzip(p.path, p.path+".1.gz")
		p.write(p.path, header+rows(row, 15, 20))
	},
	"rotated three times": func(p *place, row func(int) string, header string) {
		p.append(p.path, rows(row, 10, 12))
		p.gzip(p.path, p.path+".3.gz")
		p.write(p.path, header+rows(row, 12, 14))
		p.gzip(p.path, p.path+".2.gz")
		p.write(p.path+".1", header+rows(row, 14, 16))
		p.write(p.path, header+rows(row, 16, 20))
	},
	"older files stand beside": func(p *place, row func(int) string, header string) {
		p.write(p.path+".2", header+rows(row, 100, 120)) // old, from before the first step
		p.rename(p.path, p.path+".1")
		p.write(p.path, header+rows(row, 10, 20))
	},
	"compression under way": func(p *place, row func(int) string, header string) {
		p.append(p.path, rows(row, 10, 15))
		p.rename(p.path, p.path+".1")
		p.write(p.path+".1.gz", "\x1f\x8b\x08\x00 half of it")
		p.write(p.path, header+rows(row, 15, 20))
	},
}

// Whatever rotation does to a file, no ban is lost or duplicated. The format without an epoch is the harder one.
func TestR19Rotation(t *testing.T) {
	t.Parallel()
	for name, rotate := range rotations {
		for form, row := range map[string]func(int) string{"original": seedRow, "rich": richRow} {
			for _, stopped := range []bool{false, true} {
				if testing.Short() && (stopped || form == "rich") {
					continue
				}
				t.Run(fmt.Sprintf("%s/%s/stopped=%t", name, form, stopped), func(t *testing.T) {
					header := seedHeader
					if form == "rich" {
						header = richHeader
					}
					newPlace(t).survives(rotate, row, header, stopped)
				})
			}
		}
	}
}

func (p *place) survives(rotate func(*place, func(int) string, string), row func(int) string, header string,
	stopped bool,
) {
	p.t.Helper()
	p.write(p.path, header+rows(row, 0, 10))
	p.step()
	if stopped {
		p.restart()
	}
	rotate(p, row, header)
	p.step()
	p.want(ips(0, 20)...)
	p.restart()
	p.step()
	p.want(ips(0, 20)...)
	p.append(p.path, row(20))
	p.step()
	p.want(ips(0, 21)...)
}

// A file of which only the header was read looks like every other.
func TestR19RotationRightAfterTheHeader(t *testing.T) {
	for name, rotate := range map[string]func(*place){
		"rename and create": func(p *place) { p.rename(p.path, p.path+".1") },
		"copytruncate": func(p *place) {
			p.copy(p.path, p.path+".1")
			p.must(os.Truncate(p.path, 0))
		},
	} {
		t.Run(name, func(t *testing.T) {
			p := newPlace(t)
			p.write(p.path+".2", seedHeader+rows(seedRow, 100, 120)) // older
			old := time.Now().Add(-time.Hour)
			p.must(os.Chtimes(p.path+".2", old, old))
			p.write(p.path, seedHeader)
			p.step()
			p.append(p.path, rows(seedRow, 0, 20))
			rotate(p)
			p.append(p.path, seedHeader+rows(seedRow, 20, 22))
			p.restart()
			p.step()
			p.want(ips(0, 22)...)
		})
	}
}

// Identical lines are separate bans, also on both sides of a rotation, but not when they are read again.
func TestR19TwinsAreCountedExactly(t *testing.T) {
	p := newPlace(t)
	twins := seedRow(1) + seedRow(1) + seedRow(2) + seedRow(1)
	p.write(p.path, seedHeader+twins)
	p.step()
	p.want(ip(1), ip(1), ip(2), ip(1))
	p.rename(p.path, p.path+".1")
	p.write(p.path, seedRow(1))
	p.step()
	p.want(ip(1), ip(1), ip(2), ip(1), ip(1))
	p.must(os.Remove(p.path + ".1"))
	p.write(p.path, seedHeader+seedRow(7)+twins+seedRow(1)+seedRow(1)) // all over again, with one more
	p.step()
	p.want(ip(7), ip(1), ip(1), ip(2), ip(1), ip(1), ip(1)) // four before, five now
	if gaps := p.status().Gaps; gaps != 1 {
		t.Errorf("%d gaps, want the one file that vanished", gaps)
	}
}

// A rotated file that ends within a line was left by a writer that died: that line is counted as rejected.
func TestR19UnfinishedEndOfARotatedFile(t *testing.T) {
	p := newPlace(t)
	p.write(p.path, richHeader+rows(richRow, 0, 10)+"2026-11-22,14:05:09,203.0.1")
	p.step()
	p.rename(p.path, p.path+".1")
	p.write(p.path, richHeader+richRow(10))
	p.step()
	p.want(ips(0, 11)...)
	if k := p.status().Kinds; k["unfinished line"] != 1 || len(k) != 1 {
		t.Errorf("rejects %v, want one unfinished line", k)
	}
}

// A damaged .gz is read as far as possible, counted as a gap, and does not hold up the files after it.
func TestR19DamagedGzip(t *testing.T) {
	for name, spoil := range map[string]func([]byte) []byte{
		"cut short":  func(b []byte) []byte { return b[:len(b)-6] },
		"flipped":    func(b []byte) []byte { b[len(b)-3] ^= 1; return b },
		"no gz":      func([]byte) []byte { return []byte("nothing of the kind") },
		"empty file": func([]byte) []byte { return nil },
	} {
		t.Run(name, func(t *testing.T) {
			p := newPlace(t)
			p.write(p.path, richHeader+rows(richRow, 0, 10))
			p.step()
			p.rename(p.path, p.path+".2")
			p.write(p.path, richHeader+rows(richRow, 10, 12))
			p.gzip(p.path, p.path+".1.gz")
			b, err := os.ReadFile(p.path + ".1.gz")
			p.must(err)
			p.write(p.path+".1.gz", string(spoil(b)))
			p.write(p.path, richHeader+rows(richRow, 12, 20))
			p.step()
			got := p.bans()
			for _, want := range append(ips(0, 10), ips(12, 20)...) {
				if got[want] != 1 {
					t.Errorf("%d bans of %s, want 1", got[want], want)
				}
			}
			if gaps := p.status().Gaps; gaps != 1 {
				t.Errorf("%d gaps, want 1", gaps)
			}
		})
	}
}

// Random sequences of rows, rotations of all kinds, restarts, and steps at any moment.
func TestR19RandomLives(t *testing.T) {
	t.Parallel()
	lives := 40
	if testing.Short() {
		lives = 5
	}
	for life := range lives {
		seed := uint64(life)
		random := rand.New(rand.NewPCG(seed, 19))
		p := newPlace(t)
		header, row := seedHeader, seedRow
		if random.IntN(2) == 0 {
			header, row = richHeader, richRow
		}
		next := 0
		grow := func() {
			if _, err := os.Stat(p.path); err != nil && random.IntN(3) > 0 {
				p.append(p.path, header)
			}
			n := random.IntN(30)
			p.append(p.path, rows(row, next, next+n))
			next += n
		}
		grow()
		p.step()
		for range 40 {
			switch random.IntN(8) {
			case 0, 1, 2:
				grow()
			case 3, 4:
				p.step()
			case 5:
				p.restart()
			case 6: // all rotated files are renamed
				if fi, err := os.Stat(p.path); err != nil || fi.Size() == 0 {
					continue
				}
				for n := 40; n >= 1; n-- {
					for _, ext := range []string{"", ".gz"} {
						if _, err := os.Stat(fmt.Sprint(p.path, ".", n, ext)); err == nil {
							p.rename(fmt.Sprint(p.path, ".", n, ext), fmt.Sprint(p.path, ".", n+1, ext))
						}
					}
				}
				if random.IntN(3) == 0 {
					p.step() // copytruncate needs an idle writer, and that everything before was read
					p.copy(p.path, p.path+".1")
					p.must(os.Truncate(p.path, 0))
				} else {
					p.rename(p.path, p.path+".1")
				}
			case 7:
				if _, err := os.Stat(p.path + ".2"); err == nil {
					p.gzip(p.path+".2", p.path+".2.gz")
				}
			}
		}
		grow()
		p.append(p.path, row(next))
		p.step()
		p.want(ips(0, next+1)...)
		if t.Failed() {
			t.Fatalf("seed %d", seed)
		}
		p.store.Close()
	}
	t.Attr("reached", fmt.Sprintf("%d files with 40 random events each: 0 bans lost, 0 doubled", lives))
}
