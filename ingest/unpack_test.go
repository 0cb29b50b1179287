package ingest

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"
	"github.com/ulikunitz/xz"
)

// packers compress in every form that is read. A form that Go can only read is left to its program, if it is there.
var packers = map[string]func(io.Writer) (io.WriteCloser, error){
	".gz":  func(w io.Writer) (io.WriteCloser, error) { return gzip.NewWriter(w), nil },
	".xz":  func(w io.Writer) (io.WriteCloser, error) { return xz.NewWriter(w) },
	".zst": func(w io.Writer) (io.WriteCloser, error) { return zstd.NewWriter(w) },
}

func packed(t *testing.T, ext, text string) string {
	t.Helper()
	var b bytes.Buffer
	if ext == ".bz2" {
		path, err := exec.LookPath("bzip2")
		if err != nil {
			t.Skip("there is no bzip2")
		}
		cmd := exec.CommandContext(t.Context(), path)
		cmd.Stdin, cmd.Stdout = strings.NewReader(text), &b
		if err := cmd.Run(); err != nil {
			t.Fatal(err)
		}
		return b.String()
	}
	w, err := packers[ext](&b)
	if err == nil {
		_, err = io.WriteString(w, text)
	}
	if err = errors.Join(err, w.Close()); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// pack compresses a file in place and gives it another name.
func (p *place) pack(from, to, ext string) {
	p.t.Helper()
	text, err := os.ReadFile(from)
	p.must(err)
	fi, err := os.Stat(from)
	p.must(err)
	p.write(to, packed(p.t, ext, string(text)))
	p.must(os.Chtimes(to, fi.ModTime(), fi.ModTime()))
	p.must(os.Remove(from))
}

// Every name that rotation gives a file, in every form of compression, while the bot runs and while it does not.
func TestT05RotatedInEveryForm(t *testing.T) {
	forms, lost := 0, 0
	names := []string{
		".1", ".0", "-20261127", "-20261127T1000", "-2026112710", ".20261127", "_20261127", "-2026-11-27",
		"-1795773661",
		"-20261127-1795773661", "-27-11-2026", ".old", "-202611271000", "-20261127_10:00:00",
	}
	for _, name := range append(names, "stem") {
		for _, ext := range []string{"", ".gz", ".bz2", ".xz", ".zst"} {
			for _, down := range []bool{false, true} {
				if testing.Short() && (ext == ".gz") != down {
					continue
				}
				t.Run(fmt.Sprintf("%s%s/down=%t", name, ext, down), func(t *testing.T) {
					p := newPlace(t)
					p.write(p.path, richHeader+rows(richRow, 0, 10))
					p.step()
					if down {
						p.restart()
					}
					p.append(p.path, rows(richRow, 10, 15))
					to := p.path + name + ext
					if name == "stem" {
						to = strings.TrimSuffix(p.path, ".csv") + "-20261127.csv" + ext
					}
					if ext == "" {
						p.rename(p.path, to)
					} else {
						p.pack(p.path, to, ext)
					}
					p.write(p.path, richHeader+rows(richRow, 15, 20))
					p.step()
					p.want(ips(0, 20)...)
					if t.Failed() {
						lost++
					}
					forms++
				})
			}
		}
	}
	t.Attr("reached", fmt.Sprintf("%d forms of rotation: %d with a ban lost", forms, lost))
}

// Rotated three times while the bot was down, by rotations that were configured differently.
func TestT05MixedNamesAreInOrder(t *testing.T) {
	p := newPlace(t)
	p.write(p.path, richHeader+rows(richRow, 0, 10))
	p.step()
	p.append(p.path, rows(richRow, 10, 12))
	at := time.Now().Add(-time.Hour)
	for n, form := range [][2]string{{".2", ".xz"}, {"-20261127", ".zst"}, {".1", ".gz"}} {
		p.must(os.Chtimes(p.path, at, at.Add(time.Duration(n)*time.Minute)))
		p.pack(p.path, p.path+form[0]+form[1], form[1])
		p.write(p.path, richHeader+rows(richRow, 12+2*n, 14+2*n))
	}
	p.append(p.path, rows(richRow, 18, 20))
	p.restart()
	p.step()
	p.want(ips(0, 20)...)
	if s := p.status(); s.Gaps != 0 || s.Rejects != 0 {
		t.Errorf("%+v", s)
	}
}

// What cannot be read is a gap with its reason, and holds nothing up.
func TestT05UnreadableIsTold(t *testing.T) {
	whole := packed(t, ".xz", richHeader+rows(richRow, 10, 12))
	for name, content := range map[string]struct{ ext, text, why string }{
		"gpg":         {".gz.gpg", "\x85\x01\x0c\x03", "encrypted"},
		"age":         {".age", "age-encryption.org/v1\n-> X25519", "encrypted"},
		"lz4":         {".lz4", "\x04\x22\x4d\x18 and more", "compressed in a form that is not known"},
		"brotli":      {".br", "\x1b\x02\x00", "compressed in a form that is not known"},
		"zip, no ext": {"", "PK\x03\x04 and more\n", "compressed in a form that is not known"},
		"xz cut":      {".xz", whole[:len(whole)-20], "damaged"},
		"xz flipped":  {".xz", whole[:40] + string(whole[40]^1) + whole[41:], "damaged"},
		"zst empty":   {".zst", "", "damaged"},
	} {
		t.Run(name, func(t *testing.T) {
			p := newPlace(t)
			p.write(p.path, richHeader+rows(richRow, 0, 10))
			p.step()
			p.rename(p.path, p.path+".2")
			p.write(p.path+".1"+content.ext, content.text)
			p.write(p.path, richHeader+rows(richRow, 12, 20))
			p.step()
			got := p.bans()
			for _, want := range append(ips(0, 10), ips(12, 20)...) {
				if got[want] != 1 {
					t.Errorf("%d bans of %s, want 1", got[want], want)
				}
			}
			if s := p.status(); s.Gaps != 1 || s.Losses[content.why] != 1 {
				t.Errorf("%d gaps, %v, want one: %s", s.Gaps, s.Losses, content.why)
			}
		})
	}
}

// bomb is a small file that decompresses to very much.
func bomb(t *testing.T, ext string, size int) string {
	t.Helper()
	if ext == ".bz2" || ext == ".xz" { // slow to write; streams may follow each other
		one := packed(t, ext, strings.Repeat("\x00", 32<<20))
		return strings.Repeat(one, size/(32<<20))
	}
	var b bytes.Buffer
	w, err := packers[ext](&b)
	if err != nil {
		t.Fatal(err)
	}
	zeros := make([]byte, 1<<20)
	for range size / len(zeros) {
		if _, err := w.Write(zeros); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// Hundreds of megabytes in some kilobytes cost time, and no memory.
func TestS14BombsTakeNoMemory(t *testing.T) {
	size := 256 << 20
	if testing.Short() {
		size >>= 1
	}
	for _, ext := range []string{".gz", ".bz2", ".xz", ".zst"} {
		t.Run(ext, func(t *testing.T) {
			p := newPlace(t)
			name := p.path + ".1" + ext
			p.write(name, bomb(t, ext, size))
			runtime.GC()
			most, stop := uint64(0), make(chan struct{})
			var watch sync.WaitGroup
			watch.Go(func() {
				for {
					var m runtime.MemStats
					runtime.ReadMemStats(&m)
					most = max(most, m.HeapInuse)
					select {
					case <-stop:
						return
					case <-time.After(20 * time.Millisecond):
					}
				}
			})
			began := time.Now()
			got, err := p.importFiles(name)
			p.must(err)
			close(stop)
			watch.Wait()
			if most > 100<<20 || got.Bans != 0 || got.Rejects["unfinished line"] != 1 {
				t.Errorf("%d MB at most, %+v", most>>20, got)
			}
			t.Attr("reached", fmt.Sprintf("%s: %d MB of zeros in %v, %d MB of memory", ext, size>>20,
				time.Since(began).Round(100*time.Millisecond), most>>20))
		})
	}
}

// An .xz file may ask for a window of 4 GiB. It gets no more than it may have, and is read if that is enough.
func TestS14TheWindowIsCapped(t *testing.T) {
	p := newPlace(t)
	text := richHeader + rows(richRow, 0, 10)
	pack := []byte(packed(t, ".xz", text))
	header := pack[xzHeaderLen:][:(int(pack[xzHeaderLen])+1)*4]
	header[4] = 40 // 4 GiB, as the format encodes it
	binary.LittleEndian.PutUint32(header[len(header)-4:], crc32.ChecksumIEEE(header[:len(header)-4]))
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	got, err := io.ReadAll(&xzReader{in: bytes.NewReader(pack)})
	runtime.ReadMemStats(&after)
	p.must(err)
	if took := after.TotalAlloc - before.TotalAlloc; string(got) != text || took > 2*maxWindow {
		t.Errorf("%q, %d MB of memory", got, took>>20)
	}
}
