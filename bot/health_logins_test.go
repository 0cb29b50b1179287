package bot

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"friendlyfire/store"
)

// Files of logins of a pattern that vanish together are told once, and once when they are back; /status counts those
// that are well.
func TestL07VanishedLoginsAreToldOnceAndTogether(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t)
		var names []string
		for n := range 60 {
			names = append(names, fmt.Sprintf("web%02d", n))
		}
		d.health.FoundLogins = func() []string { return names }
		fail := func(reason string, names ...string) {
			for _, name := range names {
				if err := d.store.LoginsFailed(t.Context(), name, reason, time.Now()); err != nil {
					t.Fatal(err)
				}
			}
		}
		d.watch(2*time.Minute, nil)
		if s := d.status(); !strings.Contains(s, "logins of 60 servers, all well\n") || strings.Contains(s, "web00") {
			t.Errorf("status\n%s", s)
		}
		fail(store.NoFile+": /var/log/remote/x/auth.log", names[:40]...)
		told := d.watch(10*time.Minute, nil)
		if len(told) != 1 || !strings.Contains(told[0], "🔴 40 servers have logins that cannot be read") ||
			!strings.Contains(told[0], store.NoFile) || !strings.Contains(told[0], "web00, web01") || !strings.Contains(told[0], "and 30 more") {
			t.Errorf("told %q", told)
		}
		if s := d.status(); !strings.Contains(s, "logins of 60 servers, 40 unwell: web00, web01") || !strings.Contains(s, "and 30 more\n") {
			t.Errorf("status\n%s", s)
		}
		fail("", names...)
		told = d.watch(10*time.Minute, nil)
		if len(told) != 1 || !strings.Contains(told[0], "🟢 40 servers have logins that can be read again, after ") {
			t.Errorf("told %q", told)
		}
		fail("permission denied", names[7])
		told = d.watch(10*time.Minute, nil)
		if len(told) != 1 || !strings.Contains(told[0], "🔴 The logins of web07 cannot be read") {
			t.Errorf("told %q", told)
		}
	})
}
