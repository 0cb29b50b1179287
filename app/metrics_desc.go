package app

import "github.com/prometheus/client_golang/prometheus"

type labelNames []string

func describe(name string, labels labelNames, help string) *prometheus.Desc {
	return prometheus.NewDesc("friendlyfire_"+name, help, labels, nil)
}

// The metrics are these, and those of the Go runtime and the process.
var (
	descBuild = describe("build_info", labelNames{"version", "revision", "goversion"},
		"1, with the version that runs.")

	descBans = describe("bans_total", labelNames{"source", "jail"},
		"Bans that were news when they were read, since the program started.")
	descFriends = describe("friendly_bans_total", labelNames{"source", "jail"},
		"Bans of friendly addresses that alerts were posted of, since the program started.")

	descPosted = describe("notices_posted_total", labelNames{"platform", "chat", "kind"},
		"Messages put into the outbox since the program started.")
	descSent = describe("notices_sent_total", labelNames{"platform", "chat", "kind"},
		"Messages that the platform has confirmed, of those posted since the program started.")
	descWaits = describe("outbox_notices", labelNames{"platform", "chat"},
		"Messages that wait to be sent.")
	descOldest = describe("outbox_oldest_age_seconds", labelNames{"platform", "chat"},
		"Age of the oldest message that waits; 0 if none does.")
	descDead = describe("dead_letters", labelNames{"platform", "chat"},
		"Messages that were given up.")
	descDigest = describe("last_digest_timestamp_seconds", nil,
		"When the last digest was posted; absent before the first.")

	descSpeaks = describe("voice_speaks", labelNames{"bot"},
		"1 if this one of two bots with one voice speaks, else 0; absent for a bot by itself.")
	descVoiceUp = describe("voice_log_up", labelNames{"bot"},
		"1 if NATS was reached the last time, without which no bot speaks, else 0.")
	descPartner = describe("voice_partner_age_seconds", labelNames{"bot"},
		"Time since the other bot was last seen.")

	descUp = describe("source_up", labelNames{"source"},
		"1 if the source could be read the last time, else 0.")
	descSilence = describe("source_last_line_age_seconds", labelNames{"source"},
		"Time since the last line of the source was read; absent before the first.")
	descBehind = describe("source_behind_bytes", labelNames{"source"},
		"Bytes of the source's file that are not read yet.")
	descLines = describe("source_lines_total", labelNames{"source"},
		"Lines ever read of the source.")
	descRead = describe("source_bans_total", labelNames{"source"},
		"Bans ever read of the source, old ones among them.")
	descRejects = describe("source_rejected_lines_total", labelNames{"source"},
		"Lines of the source that were no ban, ever.")

	descBacklog = describe("whois_backlog_addresses", nil,
		"Addresses that no registry has answered for yet.")
	descAsked = describe("whois_questions_today", labelNames{"registry"},
		"Questions asked of the registry today, by UTC.")
	descCap = describe("whois_questions_per_day_limit", labelNames{"registry"},
		"Questions that the registry is asked in a day at most; absent where there is no limit.")
	descRefused = describe("whois_refusals_total", labelNames{"registry"},
		"Questions that the registry has ever refused.")

	descSize = describe("database_size_bytes", nil,
		"Size of the database.")
	descFree = describe("disk_free_bytes", nil,
		"Free space on the database's disk.")
)

// Describe implements prometheus.Collector.
func (m *metrics) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{
		descBuild,
		descBans, descFriends,
		descPosted, descSent, descWaits, descOldest, descDead, descDigest,
		descSpeaks, descVoiceUp, descPartner,
		descUp, descSilence, descBehind, descLines, descRead, descRejects,
		descBacklog, descAsked, descCap, descRefused,
		descSize, descFree,
	} {
		ch <- d
	}
}
