package fleet

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// Bots that are cut off from the log, stopped, and killed at random, and whose messages to the log are answered in
// vain: never do both speak, nothing is lost, and nothing is told again without saying so.
func TestF05AtMostOneVoiceWhateverIsCutOff(t *testing.T) {
	rounds, turns := 5, 0
	if testing.Short() {
		rounds = 2
	}
	for range rounds {
		seed := rand.Uint64()
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { turns += partitions(t, rand.New(rand.NewPCG(seed, 0))) })
		})
	}
	if turns == 0 {
		t.Error("one bot has spoken all the time")
	}
}

// partitions runs two bots through an hour of trouble, and returns how often the voice has changed.
func partitions(t *testing.T, random *rand.Rand) (turns int) {
	w := newWorld(t)
	bots := []*process{w.newProcess("bot-a"), w.newProcess("bot-b")}
	var facts []string
	known := map[*process]int{} // how many facts a bot has read
	read := func(p *process) {
		for ; known[p] < len(facts); known[p]++ {
			w.notice(facts[known[p]], p)
		}
	}
	for range 150 {
		p := bots[random.IntN(2)]
		switch random.IntN(9) {
		case 0:
			p.setCut(true)
		case 1, 2:
			p.setCut(false)
		case 3:
			p.stop()
		case 4, 5:
			p.resume()
		case 6:
			p.kill()
			time.Sleep(time.Duration(random.IntN(20)) * time.Second)
			p.start()
		case 7:
			p.mu.Lock()
			p.lossy = random.IntN(2) * (3 + random.IntN(10))
			p.mu.Unlock()
		default:
			facts = append(facts, fmt.Sprintf("<%d>", len(facts)))
			for _, p := range bots {
				if random.IntN(3) > 0 {
					read(p)
				}
			}
		}
		time.Sleep(time.Duration(random.IntN(8000)) * time.Millisecond)
	}
	for _, p := range bots {
		p.mu.Lock()
		p.lossy = 0
		p.mu.Unlock()
		p.setCut(false)
		p.resume()
		read(p)
	}
	time.Sleep(2 * time.Minute)
	last, marked := "", 0
	plain, all := map[string]int{}, map[string]int{}
	for _, p := range w.posts {
		if p.bot != last && last != "" {
			turns++
		}
		last = p.bot
		for _, fact := range facts {
			if !strings.Contains(p.text, fact) {
				continue
			}
			all[fact]++
			if strings.Contains(p.text, "(may repeat)") {
				marked++
			} else {
				plain[fact]++
			}
		}
	}
	for _, fact := range facts {
		if all[fact] == 0 {
			t.Errorf("%s is lost", fact)
		}
		if plain[fact] > 1 {
			t.Errorf("%s is told %d times without saying so", fact, plain[fact])
		}
	}
	t.Logf("%d facts, %d posts, %d marked, the voice changed %d times", len(facts), len(w.posts), marked, turns)
	return turns
}
