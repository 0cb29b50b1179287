// Package ingesttest generates files of realistic bans, of any length, and reproducibly.
//
// Rows are written one by one, so that ten million need no more memory than ten. The package knows the two CSV formats,
// and nothing about what is done with them.
package ingesttest

import (
	"bufio"
	"cmp"
	"encoding/binary"
	"io"
	"math"
	"math/rand/v2"
	"net/netip"
	"slices"
	"strconv"
	"time"
)

// Headers of the two formats, without the line ending.
const (
	OriginalHeader = "DATE,TIME,IP_ADDRESS"
	RichHeader     = "DATE,TIME,IP_ADDRESS,JAIL,FAILURES,BANTIME,BANCOUNT,EPOCH"
)

// Bans describes the bans of a server, oldest first. Equal values generate equal rows.
//
// Of 100 rows about 28 name an address for the first time, as in a real year of 100,000 bans; the others name an
// earlier one, some of them again and again. No address is banned twice by a jail within a second. Most bans are spread
// evenly over the time, and one in twenty comes in a burst of some dozens.
type Bans struct {
	Seed     uint64
	Rows     int
	End      time.Time     // no ban is later; whole seconds
	Span     time.Duration // no ban is more than this before End; 0: 365 days
	Original bool          // in the original format, else in the rich one
}

// share is the share of rows that name a new address: 27,691 of 100,000.
const share = 0.27691

// Frequency and length of bursts.
const (
	burstOneIn     = 2000 // rows
	burstLeast     = 20   // rows
	burstMore      = 150  // rows on top of that, at most
	burstsAreDense = 20   // times as many rows in the same time
)

// jail is a jail, and its share of the bans.
type jail struct {
	name              string
	percent           int
	failures, banTime int64 // banTime in seconds
}

var jails = []jail{
	{"sshd", 58, 5, 3600},
	{"nginx-http-auth", 15, 5, 3600},
	{"postfix-sasl", 13, 10, 7200},
	{"dovecot", 8, 5, 3600},
	{"recidive", 4, 5, 604_800},
	{"wordpress", 2, 3, 86_400},
}

// WriteTo writes the header and all rows. Dates are in UTC.
func (b Bans) WriteTo(w io.Writer) (int64, error) {
	out := counter{Writer: w}
	buffer := bufio.NewWriterSize(&out, 1<<18)
	header := RichHeader
	if b.Original {
		header = OriginalHeader
	}
	if _, err := buffer.WriteString(header + "\n"); err != nil {
		return out.n, err
	}
	//nolint:gosec // it has to be reproducible, and the low bits are enough
	s := server{Rand: rand.New(rand.NewPCG(b.Seed, 1)), seed: uint32(b.Seed)}
	end := float64(b.End.Unix())
	at := end - cmp.Or(b.Span, 365*24*time.Hour).Truncate(time.Second).Seconds()
	var line []byte
	for left := b.Rows; left > 0; left-- {
		at = s.next(at, end, left)
		line = s.row(line[:0], b.Original)
		if _, err := buffer.Write(line); err != nil {
			return out.n, err
		}
	}
	err := buffer.Flush()
	return out.n, err
}

type counter struct {
	io.Writer
	n int64
}

func (c *counter) Write(b []byte) (int, error) {
	n, err := c.Writer.Write(b)
	c.n += int64(n)
	return n, err
}

// server is the state of the generator.
type server struct {
	*rand.Rand
	seed      uint32
	addresses uint32 // number of addresses so far, numbered from 0
	burst     int    // remaining rows of a burst

	second  int64 // of the last ban
	address uint32
	jail    int
	count   int64  // of bans of its address, as Fail2Ban counts: 1 if it is new
	banned  []pair // in the same second
}

type pair struct {
	address uint32
	jail    int
}

// next generates the next of the bans that are left between at and end, and returns its time in unix seconds.
func (s *server) next(at, end float64, left int) float64 {
	// The gap to the first of that many bans at uniformly random times, as a fraction of the remaining time.
	gap := -math.Expm1(-s.ExpFloat64() / float64(left))
	if s.burst > 0 {
		gap /= burstsAreDense
		s.burst--
	} else {
		s.jail = s.anyJail()
		if s.IntN(burstOneIn) == 0 {
			s.burst = burstLeast + s.IntN(burstMore)
		}
	}
	at += gap * (end - at)
	if second := int64(at); second != s.second {
		s.second, s.banned = second, s.banned[:0]
	}
	for {
		s.anyAddress()
		if p := (pair{s.address, s.jail}); !slices.Contains(s.banned, p) {
			s.banned = append(s.banned, p)
			return at
		}
	}
}

// anyJail picks a jail at random.
func (s *server) anyJail() int {
	percent := s.IntN(100)
	for i, j := range jails {
		if percent -= j.percent; percent < 0 {
			return i
		}
	}
	panic("the jails have less than 100 percent")
}

// anyAddress picks a new address, or an earlier one: frequent addresses are more likely to return (Simon's model, which
// leads to Zipf's law), so that the rank of the address is distributed like a power of a uniform random number.
func (s *server) anyAddress() {
	if s.addresses == 0 || s.Float64() < share {
		s.address, s.count = s.addresses, 1
		s.addresses++
		return
	}
	s.count = 2 + s.Int64N(20)
	s.address = uint32(float64(s.addresses) * math.Pow(s.Float64(), 1/share))
}

// row appends the ban and a line ending.
func (s *server) row(line []byte, original bool) []byte {
	line = time.Unix(s.second, 0).UTC().AppendFormat(line, "2006-01-02,15:04:05,")
	line = Address(s.seed, s.address).AppendTo(line)
	if original {
		return append(line, '\n')
	}
	j := &jails[s.jail]
	line = append(append(line, ','), j.name...)
	for _, v := range [...]int64{j.failures, j.banTime, s.count, s.second} {
		line = strconv.AppendInt(append(line, ','), v, 10)
	}
	return append(line, '\n')
}

// Address returns the address for a number below 28 million: 3 in 100 are IPv6, the others come in pairs in the same
// /24. All are public, from many countries, and distinct.
func Address(seed, number uint32) netip.Addr {
	// A factor that is coprime to the number of networks shuffles them.
	const networks = uint64(len(firstBytes)) << 16
	network := (uint64(number/2)*2_654_435_761 + uint64(seed)) % networks
	if number%33 == 7 {
		var a [16]byte
		binary.BigEndian.PutUint32(a[:], blocks[network%uint64(len(blocks))])
		binary.BigEndian.PutUint32(a[4:], uint32(network))
		binary.BigEndian.PutUint32(a[12:], number+1)
		return netip.AddrFrom16(a)
	}
	host := byte(network*37) + byte(number%2)*97
	return netip.AddrFrom4([4]byte{firstBytes[network>>16], byte(network >> 8), byte(network), host})
}

// firstBytes are the first bytes of IPv4 addresses whose /8 is entirely public.
var firstBytes = func() (all [215]byte) {
	n := 0
	for b := range byte(224) {
		switch b {
		case 0, 10, 100, 127, 169, 172, 192, 198, 203:
		default:
			all[n] = b
			n++
		}
	}
	return all
}()

// blocks are the first four bytes of IPv6 addresses of large providers in the United States, China, Japan, Brazil,
// Germany, France, Russia, Belgium and Indonesia.
var blocks = [...]uint32{
	0x26001700, 0x24098000, 0x240b0010, 0x28040014, 0x2a021000,
	0x2a010488, 0x2a010e00, 0x2a0206b8, 0x2a021810, 0x24048000,
}
