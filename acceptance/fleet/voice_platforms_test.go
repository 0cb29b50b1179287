package fleet

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"friendlyfire/acceptance/harness"
	"friendlyfire/bot/discord/discordtest"
	"friendlyfire/stream"
	"friendlyfire/stream/streamtest"
)

// Whatever platform a chat is on, one bot speaks there: with the voice goes Discord's gateway, and everything else that
// a platform is told.
func TestF02EveryPlatformHearsTheOneThatSpeaks(t *testing.T) {
	t.Parallel()
	cluster := streamtest.Start(t, 1, nil)
	cluster.MakeStream(cluster.Config("BANS"))
	p := harness.OnLoopback(t)
	var others []harness.Fake
	for _, newFake := range harness.Others() {
		others = append(others, newFake(t, false))
	}
	p = p.With(others...)
	var bots []*harness.Scene
	for _, name := range []string{"bot-a", "bot-b"} {
		bots = append(bots, harness.NewChatScene(t, p, harness.Change{
			`name = "web1"`, `name = "fleet"`, `path = "$DIR/bans.csv"`, `nats = "` + cluster.URLs + `"` + "\n" + `stream = "BANS"`,
			"[digest]\n", "[fleet]\nnats = \"" + cluster.URLs + "\"\nname = \"" + name + "\"\n[digest]\n",
		}))
	}
	ban := func(i int) {
		data, err := json.Marshal(stream.Record{
			Version: stream.Version, Server: "web1", Kind: stream.Ban, Time: time.Now().Unix(), Jail: "sshd", Address: harness.Friend(i),
		})
		if err != nil {
			t.Fatal(err)
		}
		cluster.Publish(stream.Subject("web1"), data)
		harness.Await(t, time.Minute, "an alert in every chat", func() bool { return p.InEveryChat(harness.Friend(i)) })
	}
	a := bots[0].Start()
	ban(0)
	p.Discord.AwaitListening(t)
	b := bots[1].Start()
	harness.Await(t, time.Minute, "the other one knows who speaks", func() bool {
		return strings.Contains(b.Text(), "another bot speaks")
	})
	ban(1)
	if n := len(p.Discord.Dials()); n != 1 {
		t.Errorf("Discord's gateway was dialed %d times while one bot spoke, want once", n)
	}
	a.Kill()
	ban(2)
	p.Discord.AwaitListening(t)
	if n := len(p.Discord.Dials()); n != 2 {
		t.Errorf("Discord's gateway was dialed %d times, want once by each bot", n)
	}
	answer, err := p.Discord.Slash(discordtest.Admin, "status").Answer(t.Context())
	if text := harness.Unescape(answer.Content); err != nil || !strings.Contains(text, "bot-b speaks since") {
		t.Errorf("/status says %q (%v), want that bot-b speaks", text, err)
	}
	b.Stop()
	lost, unmarked := 0, 0
	told := map[[2]string]int{} // by chat and address, without repeats that say so
	for _, post := range p.Posts() {
		addresses, _ := harness.AlertsIn(post.Text)
		for _, address := range addresses {
			if key := [2]string{post.Chat, address}; !harness.Repeats(post.Text) || told[key] == 0 {
				told[key]++
			}
		}
	}
	for _, chat := range p.Chats() {
		for _, address := range harness.Friends(3) {
			switch n := told[[2]string{chat, address}]; n {
			case 0:
				lost++
			default:
				unmarked += n - 1
			}
		}
	}
	if lost > 0 || unmarked > 0 {
		t.Errorf("%d alerts lost, %d repeats that do not say so", lost, unmarked)
	}
	harness.Reached(t, "%d chats: 3 alerts each, %d lost, %d repeats that do not say so", len(p.Chats()), lost, unmarked)
}
