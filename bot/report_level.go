package bot

import (
	"container/heap"
	"math"

	"friendlyfire/store"
)

// level is how many addresses are banned at a time, and the most of each bin.
type level struct {
	edges []int64 // of the bins, one more than bins; unix seconds
	most  []float64
	until map[int64]int64 // by address: when its ban ends
	ends  ends
	now   int64
	at    int64 // the present
	bin   int   // in which it is
}

func newLevel(bins []store.Bin) *level {
	l := &level{most: make([]float64, len(bins)), until: map[int64]int64{}}
	for _, bin := range bins {
		l.edges = append(l.edges, bin.From.Unix())
	}
	if n := len(bins); n > 0 {
		l.edges = append(l.edges, bins[n-1].To.Unix())
	}
	if len(l.edges) > 0 {
		l.at = l.edges[0]
	}
	return l
}

// add adds a ban. Bans must come in order of time.
func (l *level) add(b store.ActiveBan) {
	from, until := b.From.Unix(), int64(math.MaxInt64)
	if !b.Until.IsZero() {
		until = b.Until.Unix()
	}
	l.reach(from)
	before, banned := l.until[b.Address]
	if banned && before >= until {
		return
	}
	if !banned {
		l.now++
	}
	l.until[b.Address] = until
	heap.Push(&l.ends, end{until, b.Address})
}

// reach lets time pass until t, this second excluded: bans end, bins are over.
func (l *level) reach(t int64) {
	for len(l.ends) > 0 && l.ends[0].at <= t {
		e, _ := heap.Pop(&l.ends).(end)
		if l.until[e.address] != e.at {
			continue // it was banned again
		}
		l.pass(e.at)
		delete(l.until, e.address)
		l.now--
	}
	l.pass(t)
}

// pass goes on to t. Until then, as many as now were banned in each of the bins on the way.
func (l *level) pass(t int64) {
	if t <= l.at || len(l.most) == 0 {
		return
	}
	l.at = t
	for ; ; l.bin++ {
		if l.bin == len(l.most) {
			return
		}
		l.most[l.bin] = max(l.most[l.bin], float64(l.now))
		if l.edges[l.bin+1] >= t {
			break
		}
	}
	if l.edges[l.bin+1] == t {
		l.bin++
	}
}

// finish lets time pass until the end of the last bin; now is as of its last second.
func (l *level) finish() {
	if n := len(l.edges); n > 0 {
		l.reach(l.edges[n-1] - 1)
		l.pass(l.edges[n-1])
	}
}

// end is when an address may be free again.
type end struct{ at, address int64 }

// ends is a heap of them, the earliest first.
type ends []end

func (e ends) Len() int           { return len(e) }
func (e ends) Less(i, k int) bool { return e[i].at < e[k].at }
func (e ends) Swap(i, k int)      { e[i], e[k] = e[k], e[i] }

// Push appends an end.
func (e *ends) Push(x any) {
	if one, ok := x.(end); ok {
		*e = append(*e, one)
	}
}

// Pop removes the last one.
func (e *ends) Pop() any {
	last := len(*e) - 1
	one := (*e)[last]
	*e = (*e)[:last]
	return one
}
