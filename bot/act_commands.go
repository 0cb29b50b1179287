package bot

import (
	"context"
	"strings"
	"time"

	"friendlyfire/act"
	"friendlyfire/bot/msg"
	"friendlyfire/store"
)

// The commands of the buttons that act. askAct begins a question about a ban, whose buttons are yesToActs and noToActs.
const (
	askAct    = "ask"
	yesToActs = "yes"
	noToActs  = "no"
	markBan   = "mark"
)

// usualTrust is how long an address is trusted unless somebody says otherwise.
const usualTrust = 30 * 24 * time.Hour

// actCommands describes the commands that act.
func actCommands() []msg.Command {
	address := msg.Arg{Name: "address", Description: "IPv4 or IPv6", Required: true}
	banned := address
	banned.Suggested = true
	return []msg.Command{
		{Name: "unban", Description: "Lift the bans of an address", Args: []msg.Arg{banned}},
		{Name: "trust", Description: "Have Fail2Ban ignore an address for a while", Args: []msg.Arg{
			{Name: "address", Description: "IPv4 or IPv6, or a network up to /24 or /48", Required: true},
			{Name: "for", Description: "how long: 7d, 12h; 30d unless you say"},
		}},
		{Name: "untrust", Description: "End that", Args: []msg.Arg{address}},
		{Name: "trusted", Description: "Whom Fail2Ban ignores by my doing"},
		{Name: yesToActs, Description: "Do what I have asked you about", Args: []msg.Arg{
			{Name: "question", Description: "the letters that I named", Required: true},
			{Name: "code", Description: "six digits, where I ask for them"},
		}},
	}
}

// actHelp is what help says of them.
func actHelp() msg.Text {
	return msg.Text{
		{Text: "\n"},
		{Text: "/unban", Style: msg.Bold},
		{Text: " ADDRESS: lift its bans\n"},
		{Text: "/trust", Style: msg.Bold},
		{Text: " ADDRESS [7d]: have Fail2Ban ignore it for a while; "},
		{Text: "/untrust", Style: msg.Bold},
		{Text: " ends that, "},
		{Text: "/trusted", Style: msg.Bold},
		{Text: " lists them"},
	}
}

// act carries out a command that acts; known is false if it is none.
func (c *Commands) act(
	ctx context.Context, command string, args []string, r msg.Request,
) (m msg.Message, known bool, err error) {
	do, known := map[string]func(context.Context, []string, msg.Request) (msg.Message, error){
		askAct: c.askAct, yesToActs: c.yes, noToActs: c.no, markBan: c.mark,
		"unban": c.unban, "trust": c.trust, "untrust": c.untrust, "trusted": c.trusted,
	}[command]
	switch {
	case !known || c.Acting == nil:
		return m, false, nil
	case command != "trusted" && !c.Acting.may(r):
		return m, true, usageError("You may ask me, but not act: that is for the users of [act] in my configuration.")
	}
	m, err = do(ctx, args, r)
	return m, true, err
}

// alertOf is the alert of a friendly ban as it is now.
func (c *Commands) alertOf(ctx context.Context, word string) (store.EnrichedBan, msg.Text, error) {
	g, err := c.friendly(ctx, word)
	if err != nil {
		return g, nil, err
	}
	who, err := c.Reporter.judge().verdict(ctx, g)
	if err != nil {
		return g, nil, err
	}
	text, err := c.withActs(ctx, g, c.Reporter.Words.verdict(g.Ban, who))
	if c.Acting != nil && c.Acting.able(g.Ban) {
		text = withoutUnban(text) // More has it
	}
	return g, text, err
}

// withActs is the alert, and what was done about its ban.
func (c *Commands) withActs(ctx context.Context, g store.EnrichedBan, verdict msg.Text) (msg.Text, error) {
	acted, err := c.Acting.acted(ctx, &g)
	return lines(c.Reporter.Words.Alert(g, verdict, ""), acted), err
}

// acted is what was done about a ban; nil if nobody can act. A ban that was lifted ends then.
func (a *Acting) acted(ctx context.Context, g *store.EnrichedBan) (msg.Text, error) {
	if a == nil {
		return nil, nil
	}
	acts, err := a.Store.ActsOfBan(ctx, g.ID)
	if err != nil {
		return nil, err
	}
	for _, one := range acts {
		if one.Verb == "unban" && one.Outcome == store.ActDone && g.InForce(one.DoneAt) {
			g.BanTime = max(1, int64(one.DoneAt.Sub(g.Time)/time.Second))
		}
	}
	mark, err := a.Store.MarkOf(ctx, g.ID)
	return a.Words.acted(acts, mark), err
}

// yes confirms a question, waits a little for what comes of it, and tells that.
func (c *Commands) yes(ctx context.Context, args []string, r msg.Request) (m msg.Message, err error) {
	if len(args) == 0 {
		return m, usageError("Yes to what? I name a few letters with each question.")
	}
	token := strings.ToLower(args[0])
	asked, err := c.Store.ActsByToken(ctx, token)
	if err != nil {
		return m, err
	}
	code := c.Acting.needsCode(asked)
	if code {
		if err := c.Acting.checkCode(ctx, strings.Join(args[1:], ""), time.Now()); err != nil {
			return m, err
		}
	}
	undertaken, err := c.Acting.undertake(ctx, asked, r)
	if err != nil {
		return m, err
	}
	n, err := c.Store.ConfirmActs(ctx, token, store.Chat{Platform: r.Platform, ID: r.Chat}, r.User, time.Now())
	if err != nil {
		return m, err
	}
	if n == 0 && undertaken {
		c.Acting.rest(ctx, token)
	}
	if n == 0 {
		return m, usageError("That question is not open: it was answered, is older than two minutes, or is another's. " +
			"Nothing was done.")
	}
	acts, err := c.Store.ActsByToken(ctx, token)
	if err != nil {
		return m, err
	}
	for _, one := range acts {
		c.Acting.Wake(one.Source)
	}
	acts, left, err := c.Acting.wait(ctx, token)
	if err != nil {
		return m, err
	}
	if !left {
		c.Acting.rest(ctx, token)
	}
	if len(args) > 1 && !code {
		m, err = c.alertMessage(ctx, args[1])
	} else {
		m.Text = c.Reporter.Words.acts(acts)
	}
	if left {
		m.Text = lines(m.Text, plain("Fail2Ban takes its time. I say here what comes of it."))
	}
	return m, err
}

// no forgets a question.
func (c *Commands) no(ctx context.Context, args []string, r msg.Request) (m msg.Message, err error) {
	if len(args) == 0 {
		return m, usageError("No to what?")
	}
	dropped, err := c.Store.DropActs(ctx, args[0], store.Chat{Platform: r.Platform, ID: r.Chat}, r.User)
	switch {
	case err != nil:
		return m, err
	case len(dropped) == 0:
		return m, usageError("That question is not open, or is another's.")
	case len(args) > 1:
		return c.alertMessage(ctx, args[1])
	}
	return msg.Message{Text: plain("Nothing was done.")}, nil
}

// alertMessage is the alert of a ban as it is now, with its buttons.
func (c *Commands) alertMessage(ctx context.Context, word string) (m msg.Message, err error) {
	g, text, err := c.alertOf(ctx, word)
	if err != nil {
		return m, err
	}
	m.Text = text
	m.Buttons, err = c.Acting.Buttons(ctx, g.ID, c.Reporter.Words.nameOf(g.Ban))
	return m, err
}

// typed is the address that was typed.
func typed(args []string, likeThis string) (string, error) {
	if len(args) == 0 {
		return "", usageError("Which address? Like this: " + likeThis)
	}
	target, err := act.ParseTarget(args[0])
	if err != nil {
		return "", usageError("“" + store.Clean(args[0], 60) + "” " + err.Error() + ". Like this: " + likeThis)
	}
	return act.TargetText(target), nil
}

func (c *Commands) unban(ctx context.Context, args []string, r msg.Request) (m msg.Message, err error) {
	address, err := typed(args, "/unban 203.0.113.7")
	if err != nil {
		return m, err
	}
	acts, known, err := c.Acting.BansInForce(ctx, address)
	switch shown := c.Reporter.Words.address(address); {
	case err != nil:
		return m, err
	case len(args) > 1:
		return m, usageError("One address at a time: /unban 203.0.113.7")
	case !known:
		return m, usageError(shown + " was never banned here.")
	case len(acts) == 0:
		return m, usageError("Of the bans of " + shown + " none is left that I can lift.")
	}
	return c.ask(ctx, acts, r, "")
}

func (c *Commands) trust(ctx context.Context, args []string, r msg.Request) (m msg.Message, err error) {
	const likeThis = "/trust 203.0.113.7 7d"
	address, err := typed(args, likeThis)
	if err != nil {
		return m, err
	}
	long := usualTrust
	if len(args) > 1 {
		if long, err = act.ParseTime(args[1]); err != nil || len(args) > 2 {
			return m, usageError("How long? 90 days at most. Like this: " + likeThis)
		}
	}
	acts := c.Acting.OnAll(store.Act{Verb: "trust", Address: address, For: long})
	lifted, _, err := c.Acting.BansInForce(ctx, address)
	if err != nil {
		return m, err
	}
	return c.ask(ctx, append(acts, lifted...), r, "")
}

func (c *Commands) untrust(ctx context.Context, args []string, r msg.Request) (m msg.Message, err error) {
	address, err := typed(args, "/untrust 203.0.113.7")
	if err != nil {
		return m, err
	}
	if len(args) > 1 {
		return m, usageError("One address at a time: /untrust 203.0.113.7")
	}
	return c.ask(ctx, c.Acting.OnAll(store.Act{Verb: "untrust", Address: address}), r, "")
}

func (c *Commands) trusted(ctx context.Context, _ []string, _ msg.Request) (m msg.Message, err error) {
	m.Text, err = c.Acting.Trusted(ctx)
	return m, err
}
