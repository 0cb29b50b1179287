package cli

import (
	"bytes"
	"fmt"
	"net"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/maxmind/mmdbwriter"
	"github.com/maxmind/mmdbwriter/mmdbtype"

	"friendlyfire/acceptance/harness"
	"friendlyfire/store"
)

// Who is a friend in tune is decided as for bans that are read: private addresses are nobody's, whatever a table has,
// and a network is friendly if any part of it is.
func TestTuneCountsAsFriendsWhomBansDo(t *testing.T) {
	tree, err := mmdbwriter.New(mmdbwriter.Options{
		DatabaseType: "own", IncludeReservedNetworks: true, DisableIPv4Aliasing: true, BuildEpoch: time.Now().Unix(),
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, one := range [][2]string{ // what comes later stands in place of what came before
		{"0.0.0.0/0", "NL"}, {"192.168.0.0/16", "BE"}, {"100.64.0.0/10", "BE"}, {"81.241.7.64/26", "BE"}, {"fd00::/8", "BE"},
	} {
		_, network, err := net.ParseCIDR(one[0])
		if err != nil {
			t.Fatal(err)
		}
		if err := tree.Insert(network, mmdbtype.Map{"country_code": mmdbtype.String(one[1])}); err != nil {
			t.Fatal(err)
		}
	}
	var table bytes.Buffer
	if _, err := tree.WriteTo(&table); err != nil {
		t.Fatal(err)
	}
	s := harness.NewSampleScene(t, harness.Change{"[enrich]\n", "[enrich]\ntable = \"$DIR/own.mmdb\"\n"})
	s.Write(filepath.Join(s.Dir, "own.mmdb"), table.Bytes())
	var log strings.Builder
	stamp := time.Now().Add(-time.Hour).UTC().Format(time.DateTime)
	for _, banned := range []string{
		"192.168.1.7", "100.64.0.7", "fd00::7", "81.241.7.65", "::ffff:81.241.7.66", "81.241.7.129", "81.241.7.0/24", "81.241.8.0/24",
	} {
		fmt.Fprintf(&log, "%s,123 fail2ban.filter [9]: INFO    [sshd] Found %s - %[1]s\n", stamp, banned)
		fmt.Fprintf(&log, "%s,124 fail2ban.actions [9]: NOTICE  [sshd] Ban %s\n", stamp, banned)
	}
	s.Write(s.Bans, []byte(log.String()))
	out, stderr, code := s.Run("tune", "sshd", "--maxretry", "2")
	if code != 0 || !strings.Contains(out, "banned 8, of them friends 3\n") {
		t.Errorf("code %d, %s%s", code, out, stderr)
	}
}

// Where a log does not say by which rule a jail bans, Fail2Ban itself has been asked.
func TestTuneKnowsRulesThatFail2BanWasAskedFor(t *testing.T) {
	s := harness.NewSampleScene(t)
	_, live := tuned()
	s.Write(s.Bans, []byte(live))
	out, stderr, code := s.Run("tune", "sshd", "--maxretry", "4")
	if code != 0 || !strings.HasPrefix(out, "sshd on web1: maxretry 1, findtime 10m (inferred: the log does not name them);") {
		t.Errorf("before: code %d, %s%s", code, out, stderr)
	}
	db := s.OpenStore()
	err := db.AskedRules(t.Context(), "web1", []store.Rule{
		{Jail: "sshd", Setting: store.MaxRetry, Value: 3},
		{Jail: "sshd", Setting: store.FindTime, Value: 86400},
		{Jail: "sshd", Setting: store.BanTime, Value: -1},
	}, time.Now().Add(-2*time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	out, stderr, code = s.Run("tune", "sshd", "--maxretry", "4")
	if code != 0 || !strings.HasPrefix(out, "sshd on web1: maxretry 3, findtime 1d; banned 2,") {
		t.Errorf("after: code %d, %s%s", code, out, stderr)
	}
	s.Write(s.Bans, []byte("DATE,TIME,IP_ADDRESS\n2026-11-27,10:00:00,192.0.2.1\n"))
	if _, stderr, code := s.Run("tune", "sshd"); code != 1 || !strings.Contains(stderr, ". Now sshd bans after 3 tries in 1 day") {
		t.Errorf("a CSV: code %d, %s", code, stderr)
	}
}
