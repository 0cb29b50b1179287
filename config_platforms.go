package main

import (
	"fmt"
	"net/netip"
	"net/url"
	"os"
	"regexp"
	"strconv"
	"strings"
)

func (r *configReader) checkTelegram(c *Config, need purpose) {
	t := &c.Telegram
	r.api("telegram.api", &t.API)
	for i, chat := range t.Chats {
		if !isTelegramChat(chat) {
			r.mistake(fmt.Sprintf("telegram.chats[%d]", i+1),
				`expected the number of a chat, such as -1001234567890, or "-1001234567890/45" for a topic`)
		}
	}
	for i, user := range t.Users {
		key := fmt.Sprintf("telegram.users[%d]", i+1)
		if id, err := strconv.ParseInt(user, 10, 64); err != nil || id <= 0 {
			r.mistake(key, "expected the number of a user, such as 123456789; @names can change hands")
		} else if everybody[id] {
			r.mistake(key, "is an account of Telegram itself that many people speak through, and no user")
		}
	}
	r.platform(platform{
		section: "telegram", chats: "chats", name: "Telegram",
		env: "FRIENDLYFIRE_TELEGRAM_TOKEN", form: telegramToken, file: t.TokenFile,
		hasChats: len(t.Chats) > 0, hasUsers: len(t.Users) > 0,
	}, need, &t.Token)
}

// everybody are Telegram's stand-ins for anonymous administrators, channels, and the service.
var everybody = map[int64]bool{1087968824: true, 136817688: true, 777000: true}

func isTelegramChat(s string) bool {
	chat, topic, hasTopic := strings.Cut(s, "/")
	id, err := strconv.ParseInt(chat, 10, 64)
	n, terr := strconv.ParseInt(topic, 10, 64)
	return err == nil && id != 0 && (!hasTopic || terr == nil && n > 0)
}

func (r *configReader) checkDiscord(c *Config, need purpose) {
	d := &c.Discord
	r.api("discord.api", &d.API)
	for i, channel := range d.Channels {
		r.snowflake(fmt.Sprintf("discord.channels[%d]", i+1), channel, "channel")
	}
	for i, user := range d.Users {
		r.snowflake(fmt.Sprintf("discord.users[%d]", i+1), user, "user")
	}
	if d.Guild != "" {
		r.snowflake("discord.guild", d.Guild, "server")
	} else if len(d.Users) > 0 {
		r.missing("discord.guild", "discord.users", "is missing: the slash commands of discord.users are registered in a server")
	}
	r.platform(platform{
		section: "discord", chats: "channels", name: "Discord",
		env: "FRIENDLYFIRE_DISCORD_TOKEN", form: discordToken, file: d.TokenFile,
		hasChats: len(d.Channels) > 0, hasUsers: len(d.Users) > 0,
	}, need, &d.Token)
}

// snowflake judges an identifier of Discord: 17 to 20 digits, which is every one since 2015.
func (r *configReader) snowflake(key, id, what string) {
	if _, err := strconv.ParseUint(id, 10, 64); err != nil || len(id) < 17 {
		r.mistake(key, `expected the id of a %s, such as "112233445566778899" (Developer Mode, Copy ID)`, what)
	}
}

// platform is what platforms have in common.
type platform struct {
	section, chats, name, env string
	form                      *regexp.Regexp
	file                      string
	hasChats, hasUsers        bool
}

// platform finds the token, and judges whether something is there to say it, and somewhere to say it.
func (r *configReader) platform(p platform, need purpose, token *Secret) {
	fileKey, chatsKey, usersKey := p.section+".token_file", p.section+"."+p.chats, p.section+".users"
	hasChats := p.hasChats || r.wrong[chatsKey]
	if p.hasUsers && !hasChats && need.chats {
		r.mistake(usersKey, "has no effect without %s, where commands are heard", chatsKey)
	}
	if !need.files {
		return
	}
	env := strings.TrimSpace(os.Getenv(p.env))
	switch given := p.file != "" || r.wrong[fileKey]; {
	case given && env != "":
		r.mistake(fileKey, "%s is set as well: give the token in one place", p.env)
	case given:
		text, err := readSecret(p.file)
		if err != nil {
			r.mistake(fileKey, "%s", reason(err))
		} else if !p.form.MatchString(text) {
			r.mistake(fileKey, "the file does not hold a %s token alone", p.name)
		}
		*token = NewSecret(text)
	case env != "":
		if !p.form.MatchString(env) {
			r.mistakes = append(r.mistakes, Mistake{File: "environment", Key: p.env, Text: "is no " + p.name + " token"})
		}
		*token = NewSecret(env)
	case hasChats:
		r.mistake(chatsKey, "needs a token: name its file in %s, or set %s in the environment", fileKey, p.env)
		return
	default:
		return
	}
	if !hasChats && need.chats {
		r.missing(chatsKey, fileKey, "is missing: there is a token and nowhere to post; `friendlyfire pair %s` finds the number of a chat", p.section)
	}
}

// api judges the address of a platform, and drops the slash at its end.
func (r *configReader) api(key string, address *string) {
	u, err := url.Parse(*address)
	switch {
	case err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http":
		r.mistake(key, "expected the URL of a server, such as https://example.org")
	case u.User != nil || u.RawQuery != "" || u.Fragment != "":
		r.mistake(key, "must hold no password, query or fragment")
	case u.Scheme == "http" && !isLoopback(u.Hostname()):
		r.mistake(key, "needs https: http would show the token on the way, and is for this machine only")
	}
	*address = strings.TrimRight(*address, "/")
}

func isLoopback(host string) bool {
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && ip.IsLoopback()
}
