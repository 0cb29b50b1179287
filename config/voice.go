package config

import "regexp"

// subjectForm matches what may be a part of a subject of NATS, as it is.
var subjectForm = regexp.MustCompile(`^[A-Za-z0-9_-]{1,40}$`)

// checkVoice validates what is said of two bots with one voice.
func (r *reader) checkVoice(c *Config) {
	if !subjectForm.MatchString(c.Fleet.Stream) {
		r.mistake("fleet.stream", "expected letters, digits, - and _, 40 at most: the name of a stream")
	}
	switch {
	case c.Fleet.Name == "" || r.wrong["fleet.nats"]:
	case c.Fleet.NATS == "":
		r.mistake("fleet.name", "has no effect without nats, the servers by which the two bots agree")
	case !subjectForm.MatchString(c.Fleet.Name):
		r.mistake("fleet.name", "expected letters, digits, - and _, 40 at most, such as bot-a")
	}
}
