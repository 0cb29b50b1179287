package ingest

import (
	"math/rand/v2"
	"testing"
)

// stride is 1, or more if the tests are to be quick.
func stride() int {
	if testing.Short() {
		return 7
	}
	return 1
}

// A line is written in two parts, and the reader steps in between: at every byte, in both formats and in Fail2Ban's
// own log.
func TestR18HalfALineIsNeverBelieved(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ before, line, after string }{
		"original": {seedHeader, seedRow(1), seedRow(2)},
		"rich":     {richHeader, richRow(1), richRow(2)},
		"log": {
			rowTime(0).Format("2006-01-02 15:04:05") + ",001 fail2ban.server         [77]: INFO    Starting\n",
			rowTime(1).Format("2006-01-02 15:04:05") + ",123 fail2ban.actions        [77]: NOTICE  [sshd] Ban " +
				ip(1) + "\n",
			rowTime(2).Format("2006-01-02 15:04:05") + ",123 fail2ban.actions        [77]: NOTICE  [sshd] Ban " +
				ip(2) + "\n",
		},
	} {
		t.Run(name, func(t *testing.T) {
			for at := 0; at < len(c.line); at += stride() {
				p := newPlace(t)
				p.write(p.path, c.before+c.line[:at])
				p.step()
				p.want()
				p.append(p.path, c.line[at:]+c.after)
				p.step()
				p.want(ip(1), ip(2))
				if r := p.status().Rejects; r != 0 {
					t.Errorf("torn at %d: %d rejects, want 0", at, r)
				}
				p.store.Close()
			}
		})
	}
}

// A writer dies within a line, and the next line is joined to it. Only the first is lost, and it is counted.
func TestR18TornLineCostsNoOther(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		header string
		row    func(int) string
	}{"original": {seedHeader, seedRow}, "rich": {richHeader, richRow}} {
		t.Run(name, func(t *testing.T) {
			torn := c.row(2)
			for at := 1; at < len(torn)-1; at += stride() {
				p := newPlace(t)
				p.write(p.path, c.header+c.row(1)+torn[:at]+c.row(3)+c.row(4))
				p.step()
				p.want(ip(1), ip(3), ip(4))
				if r := p.status().Rejects; r != 1 {
					t.Errorf("torn at %d: %d rejects, want 1", at, r)
				}
				p.store.Close()
			}
		})
	}
}

// A file grows in chunks of any size, with steps and restarts of the reader in between.
func TestR18AnyPiecesGiveTheSameBans(t *testing.T) {
	t.Parallel()
	for round := range 30 / stride() {
		seed := uint64(round)
		random := rand.New(rand.NewPCG(seed, 18))
		p := newPlace(t)
		text := richHeader + rows(richRow, 0, 40) + "\r\n\n" + rows(richRow, 40, 60)
		for len(text) > 0 {
			n := min(len(text), 1+random.IntN(200))
			p.append(p.path, text[:n])
			text = text[n:]
			if random.IntN(4) == 0 {
				p.restart()
			}
			p.step()
		}
		p.want(ips(0, 60)...)
		if t.Failed() {
			t.Fatalf("seed %d", seed)
		}
		p.store.Close()
	}
}
