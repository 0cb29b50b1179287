package discord_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"friendlyfire/bot/discord/discordtest"
	"friendlyfire/bot/msg"
)

const (
	thread = "300000000000000009"
	role1  = "600000000000000001"
	role2  = "600000000000000002"

	toPost   = discordtest.ViewChannel | discordtest.SendMessages | discordtest.AttachFiles
	inThread = discordtest.ViewChannel | discordtest.SendMessagesInThreads | discordtest.AttachFiles
)

// The expectations are those of https://discord.com/developers/docs/topics/permissions and …/topics/threads. That a
// post then meets the same fate in the fake shows that the two were written to the same rules.
func TestCheckKnowsWhereDiscordTakesMessages(t *testing.T) {
	type overwrites = []discordtest.Overwrite
	everybody := func(allow, deny int64) discordtest.Overwrite {
		return discordtest.Overwrite{ID: discordtest.Guild, Allow: allow, Deny: deny}
	}
	of := func(role string, allow, deny int64) discordtest.Overwrite {
		return discordtest.Overwrite{ID: role, Allow: allow, Deny: deny}
	}
	bot := func(allow, deny int64) discordtest.Overwrite {
		return discordtest.Overwrite{ID: discordtest.BotID, Member: true, Allow: allow, Deny: deny}
	}
	may := func(everyone int64) discordtest.Standing { return discordtest.Standing{Everyone: everyone} }
	withRoles := func(everyone int64, roles ...int64) discordtest.Standing {
		s := discordtest.Standing{Everyone: everyone, Roles: map[string]int64{}, Mine: []string{role1, role2}[:len(roles)]}
		for i, permissions := range roles {
			s.Roles[s.Mine[i]] = permissions
		}
		return s
	}
	timedOut := func(s discordtest.Standing, until time.Duration) discordtest.Standing {
		s.TimeOut = time.Now().Add(until)
		return s
	}
	in := func(kind int, o ...discordtest.Overwrite) discordtest.Place {
		return discordtest.Place{Type: kind, Overwrites: o}
	}
	const send, view, attach = discordtest.SendMessages, discordtest.ViewChannel, discordtest.AttachFiles
	tests := map[string]struct {
		channel  discordtest.Place // what is posted to; of a thread, its state
		parent   overwrites        // of a thread
		standing func() discordtest.Standing
		may      int64 // of @everyone, without standing
		want     string
	}{
		"text":            {channel: in(discordtest.Text), may: toPost},
		"announcement":    {channel: in(discordtest.Announcement), may: toPost},
		"direct message":  {channel: in(discordtest.DirectMessage)},
		"voice":           {channel: in(discordtest.Voice), may: toPost | discordtest.Connect},
		"voice, barred":   {channel: in(discordtest.Voice), may: toPost, want: "Connect"},
		"stage":           {channel: in(discordtest.Stage), may: toPost | discordtest.Connect},
		"stage, barred":   {channel: in(discordtest.Stage), may: toPost, want: "Connect"},
		"category":        {channel: in(discordtest.Category), may: toPost, want: "category"},
		"directory":       {channel: in(discordtest.Directory), may: toPost, want: "directory"},
		"forum":           {channel: in(discordtest.Forum), may: toPost, want: "forum"},
		"forum, as admin": {channel: in(discordtest.Forum), may: discordtest.Administrator, want: "forum"},
		"media":           {channel: in(discordtest.Media), may: toPost, want: "media"},

		"cannot send":   {channel: in(discordtest.Text), may: view | attach, want: "Send Messages"},
		"cannot attach": {channel: in(discordtest.Text), may: view | send, want: "Attach Files"},
		"cannot view":   {channel: in(discordtest.Text), may: send | attach, want: "Missing Access"},

		// The steps of permission overwrites, one by one.
		"a role allows in the guild": {
			channel:  in(discordtest.Text),
			standing: func() discordtest.Standing { return withRoles(view, send, attach) },
		},
		"a role of others": {channel: in(discordtest.Text), standing: func() discordtest.Standing {
			return discordtest.Standing{Everyone: view | attach, Roles: map[string]int64{role1: send}}
		}, want: "Send Messages"},
		"@everyone denied here":   {channel: in(discordtest.Text, everybody(0, send)), may: toPost, want: "Send Messages"},
		"@everyone allowed here":  {channel: in(discordtest.Text, everybody(send, 0)), may: view | attach},
		"allow beats deny of one": {channel: in(discordtest.Text, everybody(send, send)), may: toPost},
		"the guild's role is lower": {channel: in(discordtest.Text, everybody(0, send)), standing: func() discordtest.Standing {
			return withRoles(toPost, send)
		}, want: "Send Messages"},
		"a role allows what @everyone is denied": {
			channel:  in(discordtest.Text, of(role1, send, 0), everybody(0, send)),
			standing: func() discordtest.Standing { return withRoles(toPost, 0) },
		},
		"a role denies": {
			channel:  in(discordtest.Text, of(role1, 0, send)),
			standing: func() discordtest.Standing { return withRoles(toPost, 0) }, want: "Send Messages",
		},
		"one role allows what another denies": {
			channel:  in(discordtest.Text, of(role1, send, 0), of(role2, 0, send)),
			standing: func() discordtest.Standing { return withRoles(toPost, 0, 0) },
		},
		"a role denies to others": {channel: in(discordtest.Text, of(role2, 0, send)), standing: func() discordtest.Standing {
			return withRoles(toPost, 0)
		}},
		"the member is allowed what roles are denied": {
			channel:  in(discordtest.Text, bot(send, 0), of(role1, 0, send), everybody(0, send)),
			standing: func() discordtest.Standing { return withRoles(toPost, 0) },
		},
		"the member is denied what roles are allowed": {
			channel:  in(discordtest.Text, bot(0, send), of(role1, send, 0)),
			standing: func() discordtest.Standing { return withRoles(toPost, 0) }, want: "Send Messages",
		},
		"a member's id is no role's": {
			channel: in(discordtest.Text, discordtest.Overwrite{ID: discordtest.BotID, Deny: send}), may: toPost,
		},
		"administrator": {
			channel: in(discordtest.Text, everybody(0, toPost), bot(0, toPost)), may: discordtest.Administrator,
		},
		"administrator by a role": {channel: in(discordtest.Text, bot(0, toPost)), standing: func() discordtest.Standing {
			return withRoles(0, 0, discordtest.Administrator)
		}},
		"administrator in the channel only": {
			channel: in(discordtest.Text, bot(discordtest.Administrator, send)), may: toPost, want: "Send Messages",
		},
		"owner": {channel: in(discordtest.Text, everybody(0, toPost)), standing: func() discordtest.Standing {
			return discordtest.Standing{Owner: true}
		}},

		"time-out": {channel: in(discordtest.Text), standing: func() discordtest.Standing {
			return timedOut(may(toPost), time.Hour)
		}, want: "time-out until Sat 1 Jan 01:00 UTC"},
		"time-out over": {channel: in(discordtest.Text), standing: func() discordtest.Standing {
			return timedOut(may(toPost), -time.Second)
		}},
		"time-out of an administrator": {channel: in(discordtest.Text), standing: func() discordtest.Standing {
			return timedOut(may(discordtest.Administrator), time.Hour)
		}},
		"time-out of the owner": {channel: in(discordtest.Text), standing: func() discordtest.Standing {
			return timedOut(discordtest.Standing{Owner: true}, time.Hour)
		}},
		"time-out in a thread": {channel: in(discordtest.PublicThread), standing: func() discordtest.Standing {
			return timedOut(may(inThread), time.Hour)
		}, want: "time-out until Sat 1 Jan 01:00 UTC"},

		"thread":              {channel: in(discordtest.PublicThread), may: inThread},
		"announcement thread": {channel: in(discordtest.AnnouncementThread), may: inThread},
		"thread, without the right": {
			channel: in(discordtest.PublicThread), may: toPost, want: "Send Messages in Threads",
		},
		"thread of a channel to read": {
			channel: in(discordtest.PublicThread), parent: overwrites{everybody(0, send)}, may: inThread,
		},
		"thread, denied in the parent": {
			channel: in(discordtest.PublicThread), parent: overwrites{everybody(0, discordtest.SendMessagesInThreads)},
			may: inThread | toPost, want: "Send Messages in Threads",
		},
		"thread, allowed in the parent": {
			channel: in(discordtest.PublicThread), parent: overwrites{bot(inThread, 0)}, may: view,
		},
		"thread, pictures denied in the parent": {
			channel: in(discordtest.PublicThread), parent: overwrites{everybody(0, attach)}, may: inThread,
			want: "Attach Files",
		},
		"thread of a hidden channel": {
			channel: in(discordtest.PublicThread), parent: overwrites{everybody(0, view)}, may: inThread,
			want: "Missing Access",
		},
		"private thread": {channel: discordtest.Place{Type: discordtest.PrivateThread, Joined: true}, may: inThread},
		"private thread of others": {
			channel: in(discordtest.PrivateThread), may: inThread, want: "Missing Access",
		},
		"private thread, as moderator": {
			channel: in(discordtest.PrivateThread), may: inThread | discordtest.ManageThreads,
		},
		"archived": {channel: discordtest.Place{Type: discordtest.PublicThread, Archived: true}, may: inThread},
		"locked": {
			channel: discordtest.Place{Type: discordtest.PublicThread, Locked: true}, may: inThread, want: "locked",
		},
		"locked, as moderator": {
			channel: discordtest.Place{Type: discordtest.PublicThread, Locked: true},
			may:     inThread | discordtest.ManageThreads,
		},
		"archived and locked": {
			channel: discordtest.Place{Type: discordtest.PublicThread, Locked: true, Archived: true},
			may:     inThread | discordtest.ManageThreads, want: "archived and locked",
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := discordtest.InMemory(t)
				c := newClient(t, s)
				s.SetStanding(may(test.may))
				if test.standing != nil {
					s.SetStanding(test.standing())
				}
				s.SetChannel(discordtest.Place{ID: discordtest.Channel, Name: "alerts", Overwrites: test.parent})
				test.channel.ID, test.channel.Name, test.channel.Parent = thread, "bans", discordtest.Channel
				s.SetChannel(test.channel)
				title, err := c.CanPost(t.Context(), thread)
				if test.want == "" && err != nil ||
					test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)) {
					t.Errorf("CanPost = %q, %v, want %q", title, err, test.want)
				}
				if archived := strings.Contains(title, "archived"); archived != (name == "archived") {
					t.Errorf("title %q", title)
				}
				if e, ok := errors.AsType[*msg.ReachError](err); err != nil && (!ok || e.Advice == "") {
					t.Errorf("no advice for %v", err)
				}
				m := plain("a ban")
				m.Photo = []byte("png")
				err = c.Send(t.Context(), thread, m)
				pictures := slices.ContainsFunc(s.Messages(), func(m discordtest.Message) bool { return m.File != "" })
				if posts := err == nil && pictures; posts != (test.want == "") {
					t.Errorf("Send = %v, as a picture: %v, want %q", err, pictures, test.want)
				}
			})
		})
	}
}

func TestCheckAdvisesWhatHelps(t *testing.T) {
	for name, test := range map[string]struct {
		channel discordtest.Place
		may     int64
		want    string
	}{
		"forum":          {discordtest.Place{Type: discordtest.Forum}, toPost, "Make a post there"},
		"category":       {discordtest.Place{Type: discordtest.Category}, toPost, "id of a text channel"},
		"locked":         {discordtest.Place{Type: discordtest.PublicThread, Locked: true}, inThread, "Manage Threads"},
		"not a member":   {discordtest.Place{Type: discordtest.PrivateThread}, inThread, "<@" + discordtest.BotID + ">"},
		"rights":         {discordtest.Place{Type: discordtest.Text}, 1 << 10, "Edit Channel, Permissions"},
		"thread's right": {discordtest.Place{Type: discordtest.PublicThread}, toPost, "the channel that the thread is in"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := discordtest.InMemory(t)
				c := newClient(t, s)
				s.SetStanding(discordtest.Standing{Everyone: test.may})
				test.channel.ID, test.channel.Name, test.channel.Parent = thread, "bans", discordtest.Channel
				s.SetChannel(test.channel)
				_, err := c.CanPost(t.Context(), thread)
				if e, ok := errors.AsType[*msg.ReachError](err); !ok || !strings.Contains(e.Advice, test.want) {
					t.Errorf("CanPost = %#v, want the advice %q", err, test.want)
				}
			})
		})
	}
}
