package bot

import (
	"os"
	"regexp"
	"strings"
	"sync"

	"friendlyfire/store"
)

// Reason is why something does not work, in words for a person. Errors of the system, the network, SSH, the database,
// whois and the platforms are turned into it here, and nowhere else.
type Reason struct {
	Says   string // after a colon: "no answer in time"
	Does   string // of a chat, in place of "does not get my messages": "has blocked the bot (403)"; "": none
	Advice string // what helps, a sentence without its end; "": none
	Type   string // the command for that; "": none
}

const logSays = "the log says why"

// Known reports whether the words are all that can be said, so that nobody need look into the log.
func (r Reason) Known() bool { return !strings.HasSuffix(r.Says, logSays) }

// unknownReason is for errors that are not known. Whoever wants their text has the log.
var unknownReason = Reason{
	Says: logSays, Advice: "To see it", Type: "journalctl -u friendlyfire -p warning -n 20",
}

// ReasonOf puts the text of an error into words. The text may come from the database, where errors are kept.
func ReasonOf(text string) Reason {
	text = strings.TrimSpace(text)
	for _, prefix := range []string{"not sent: ", "rejected: ", "not sent ", "rejected "} {
		text = strings.TrimPrefix(text, prefix)
	}
	if words, worded := strings.CutPrefix(text, "because "); worded { // by the platform, see msg.Sender
		return Reason{Says: words}
	}
	if text == "" {
		return Reason{Says: "no reason is known"}
	}
	if last, old := strings.CutPrefix(text, "too old:"); old {
		r := Reason{Says: "it waited for seven days"}
		if strings.TrimSpace(last) != "" {
			r.Says += ", since " + ReasonOf(last).Says
		}
		return r
	}
	if own := ownWords.FindString(text); own != "" {
		return Reason{Says: own}
	}
	if r, ok := forbidden(text); ok {
		return r
	}
	for _, k := range knownErrors {
		if m := k.form().FindStringSubmatch(text); m != nil {
			r, found := k.reason, strings.Join(m[1:], "") // one group at most takes part
			r.Says = strings.ReplaceAll(r.Says, "$1", found)
			r.Does = strings.ReplaceAll(r.Does, "$1", found)
			return r
		}
	}
	return unknownReason
}

// ownWords finds what our own errors say in words already, without what they are wrapped in.
var ownWords = regexp.MustCompile(`(?s)the key of host .*|` +
	`key file \S.* (?:has a passphrase.*|is no private key)|neither key_file nor .*|it is a database, not a log.*|` +
	`a webhook is set.*|another program polls.*|longer than \w+ allows|a message without text|` +
	`the bot (?:is in time-out|lacks the permission).*|\d+ identifies in a day.*`)

// denied is a local file that may not be read.
var denied = regexp.MustCompile(`(?:open|stat|lstat|read|readdirent|readlink) (/.*): (?:permission denied|operation not permitted)`)

// remote is a source on another machine: "sftp root@web1:22/var/log/fail2ban.log: …".
var remote = regexp.MustCompile(`^sftp ([^@\s]+)@.*permission denied$`)

// forbidden is the reason where a file may not be read: who may, and what lets the bot in.
func forbidden(text string) (Reason, bool) {
	if m := denied.FindStringSubmatch(text); m != nil {
		return forbiddenHere(m[1]), true
	}
	m := remote.FindStringSubmatch(text)
	if m == nil {
		return Reason{}, false
	}
	return Reason{
		Says:   "permission denied: the user " + m[1] + " may not read it there",
		Advice: "Where it is for the group adm, as root on that server",
		Type:   "usermod -aG adm " + store.ShellQuote(m[1]),
	}, true
}

func forbiddenHere(path string) Reason {
	me, file := store.UserName(os.Geteuid()), store.ShellQuote(path)
	r := Reason{
		Says:   "permission denied: the user " + me + " may not read " + path,
		Advice: "To let it in, as root",
		Type:   "chgrp " + store.ShellQuote(me) + " " + file + " && chmod g+r " + file,
	}
	readers, group := store.Readers(path)
	if readers != "" {
		r.Says += ", which is for " + readers
	}
	if group != "" {
		r.Type = "usermod -aG " + store.ShellQuote(group) + " " + store.ShellQuote(me) +
			" && systemctl restart friendlyfire"
	}
	return r
}

// knownErrors are the errors that have words, the more telling before the more general. $1 is what the form has found.
var knownErrors = []struct {
	form   func() *regexp.Regexp
	reason Reason
}{
	// NATS, by the texts of nats.go and of package stream.
	{known(`nats: no servers available|^NATS at \S+: no connection`), Reason{
		Says: "none of its servers is to be reached", Advice: "On each", Type: "systemctl status nats-server",
	}},
	{known(`nats: authorization violation|nats: user authentication`), Reason{
		Says: "its servers do not know the key", Advice: "For what lets it in", Type: "friendlyfire nats user",
	}},
	{known(`no stream takes it`), Reason{
		Says: "there is no such stream", Advice: "To make it", Type: "friendlyfire nats stream",
	}},
	{known(`stream \S+ at .*: (?:no answer|messages are missing)`), Reason{
		Says: "it does not answer: it has no leader, or the key does not permit to read it", Advice: "To see which",
		Type: "friendlyfire check",
	}},
	// Telegram, by the text of the Bot API: https://github.com/tdlib/telegram-bot-api
	{known(`status (403): .*blocked by the user`), Reason{
		Says: "it has blocked the bot ($1)", Does: "has blocked the bot ($1)",
		Advice: "Somebody in that chat must unblock it",
	}},
	{known(`status (403): .*user is deactivated`), Reason{
		Says: "its account was deleted ($1)", Advice: "Take the chat out of [telegram] chats",
	}},
	{known(`status (403): .*(?:kicked|not a member)`), Reason{
		Says: "it has removed the bot ($1)", Does: "has removed the bot ($1)",
		Advice: "Somebody of that chat must add it again",
	}},
	{known(`status (403): .*can't initiate`), Reason{
		Says: "nobody has started a chat with the bot there ($1)", Advice: "Somebody must write to it first: /start",
	}},
	{known(`status (\d+): .*(?:chat not found|peer_id_invalid|user not found)`), Reason{
		Says: "there is no such chat ($1), or the bot is not in it", Advice: "To pair it again", Type: "friendlyfire pair telegram",
	}},
	{known(`status (\d+): .*(?:not enough rights|have no rights|need administrator|_forbidden|restricted|admin_required|` +
		`banned_in_channel)`), Reason{
		Says: "the bot may not write there ($1)", Advice: "An administrator of that chat must let it",
	}},
	{known(`status (\d+): .*(?:thread not found|topic_closed|topic_deleted)`), Reason{
		Says: "its topic is closed or gone ($1)", Advice: "Open it, or pair another", Type: "friendlyfire pair telegram",
	}},
	// Discord, by its codes: https://discord.com/developers/docs/topics/opcodes-and-status-codes
	{known(`Discord answered (\d+): .*\((?:50001)\)`), Reason{
		Says: "the bot cannot see the channel ($1)", Advice: "Grant it View Channel there",
	}},
	{known(`Discord answered (\d+): .*\((?:50013)\)`), Reason{
		Says: "the bot lacks a permission there ($1)", Advice: "To see which", Type: "friendlyfire check",
	}},
	{known(`Discord answered (\d+): .*\((?:10003)\)`), Reason{
		Says: "there is no such channel ($1)", Advice: "To pair it again", Type: "friendlyfire pair discord",
	}},
	{known(`(?:Discord answered|status) (401)\b|close (4004)\b`), Reason{
		Says:   "the token is not accepted any more ($1)",
		Advice: "Put a new one into token_file, and restart", Type: "systemctl restart friendlyfire",
	}},
	{known(`close (4014)\b`), Reason{Says: "a privileged intent is asked for ($1), and friendlyfire asks for none"}},
	{known(`(?:Discord answered|status) (429)\b|rate limit of`), Reason{Says: "its rate limit is used up"}},
	{known(`(?:Discord answered|status) (413)\b`), Reason{Says: "the message is too large ($1)"}},
	{known(`(?:Discord answered|status) (400)\b`), Reason{Says: "the message is refused ($1), " + logSays}},
	{known(`(?:Discord answered|status) (403)\b`), Reason{
		Says: "the bot may not write there ($1)", Advice: "To see why", Type: "friendlyfire check",
	}},
	{known(`(?:Discord answered|status) (404)\b`), Reason{
		Says: "it does not exist, or the token is wrong ($1)", Advice: "To see which", Type: "friendlyfire check",
	}},
	{known(`(?:Discord answered|status) (5\d\d)\b`), Reason{Says: "the platform has trouble of its own ($1)"}},
	{known(`(?:Discord answered|status) ([34]\d\d)\b`), Reason{
		Says: "it is refused ($1)", Advice: "To see why", Type: "friendlyfire check",
	}},
	{known(`not the API|answer of Discord|invalid character|unexpected end of JSON|cannot unmarshal`), Reason{
		Says: "something else answers in its place, such as a proxy",
	}},

	// The database, before the system: its texts hold the system's.
	{known(`no space left|disk is full|SQLITE_FULL|disk quota exceeded`), Reason{
		Says: "the disk is full", Advice: "To see which", Type: "df -h",
	}},
	{known(`malformed|not a database|SQLITE_CORRUPT|SQLITE_NOTADB`), Reason{Says: "the database is damaged; it is mended at a restart"}},
	{known(`database is locked|table is locked|SQLITE_BUSY|SQLITE_LOCKED`), Reason{Says: "another program holds the database"}},
	{known(`readonly database|read-only file system|SQLITE_READONLY`), Reason{Says: "it can be read but not written"}},
	{known(`disk I/O error|input/output error|SQLITE_IOERR`), Reason{
		Says: "the disk has errors", Advice: "To see them", Type: "dmesg --level err",
	}},

	// SSH.
	{known(`unable to authenticate|no supported methods remain|permission denied \(publickey`), Reason{
		Says: "the server does not let us in by this key", Advice: "The public key must be in its ~/.ssh/authorized_keys",
	}},
	{known(`no common algorithm for host key`), Reason{
		Says:   "the server has no host key of the kind in known_hosts",
		Advice: "Find out why it has changed before you change known_hosts",
	}},
	{known(`no common algorithm|unsupported algorithm`), Reason{Says: "the server's SSH has no algorithm that we know"}},
	{known(`known hosts: .*|knownhosts: .*`), Reason{Says: "known_hosts cannot be read, or holds a line that is wrong"}},
	{known(`subsystem request failed`), Reason{Says: "the server's SSH offers no SFTP"}},

	// The network.
	{known(`x509: .*(?:expired|not yet valid)`), Reason{Says: "its certificate is not valid at this time: is the clock right?"}},
	{known(`x509|certificate`), Reason{Says: "its certificate is not trusted here"}},
	{known(`tls: |TLS|handshake failed`), Reason{Says: "the encrypted connection fails"}},
	{known(`connection refused`), Reason{Says: "the connection is refused"}},
	{known(`no such host|server misbehaving|name resolution|lookup \S+`), Reason{
		Says: "its name is not found", Advice: "Does DNS work here", Type: "resolvectl status",
	}},
	{known(`no route to host|network is (?:unreachable|down)|host is (?:unreachable|down)|cannot assign requested`), Reason{
		Says: "the network has no way to it",
	}},
	{known(`timeout|timed out|deadline exceeded|no answer within|Client\.Timeout|context canceled`), Reason{Says: "no answer in time"}},
	{known(`connection reset|broken pipe|\bEOF\b|closed (?:network )?connection|connection (?:closed|lost|aborted)|` +
		`closed by|client connection|websocket: close|server closed|use of closed|stopped after \d+ redirects`), Reason{
		Says: "the connection breaks off",
	}},

	// The system.
	{known(`^` + store.NoFile + `: (/.+)`), Reason{Says: "there is no such file: $1"}},
	{known(`(?:open|stat|lstat) (/.+): no such file`), Reason{Says: "there is no such file: $1"}},
	{known(`no such file|file does not exist`), Reason{Says: "there is no such file"}},
	{known(`permission denied|operation not permitted|access denied`), Reason{
		Says: "permission denied", Advice: "To see who may read it", Type: "friendlyfire check",
	}},
	{known(`no regular file|is a directory|not a directory|symbolic links`), Reason{Says: "it is no regular file"}},
	{known(`too many open files`), Reason{Says: "too many files are open"}},
	{known(`cannot allocate memory|out of memory`), Reason{Says: "there is no memory left"}},
	{known(`stale (?:NFS )?file handle`), Reason{Says: "its network drive is gone"}},
	{known(`reply of more than|more than \d+ bytes`), Reason{Says: "the answer is longer than it may be"}},
}

// known compiles the form once it is asked for: most days need none of them, and all of them take half a megabyte.
func known(form string) func() *regexp.Regexp {
	return sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`(?i)` + form) })
}
