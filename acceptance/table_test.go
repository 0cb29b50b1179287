package acceptance

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"friendlyfire/acceptance/harness"
)

// A table of one's own may be truncated and overwritten while the bot uses it: the bot lives on by what it has.
func TestR32TheTableMayBeReplacedUnderUs(t *testing.T) {
	t.Parallel()
	whole, err := os.ReadFile(filepath.Join("..", "enrich", "networks.mmdb"))
	if err != nil {
		t.Fatal(err)
	}
	both := harness.OnLoopback(t)
	s := harness.NewChatScene(t, both, harness.Change{"[enrich]\n", "[enrich]\ntable = \"$DIR/own.mmdb\"\n"})
	table := filepath.Join(s.Dir, "own.mmdb")
	s.Write(table, whole)
	p := s.Start()
	s.Ban(harness.Belgian)
	both.Await(t, harness.Alert(harness.Belgian), 1)

	for i, content := range [][]byte{nil, whole} {
		s.Write(table, content)
		address := fmt.Sprintf("193.190.198.%d", i+2)
		s.Ban(address)
		both.Await(t, harness.Alert(address), 1)
	}
	p.Stop()
}
