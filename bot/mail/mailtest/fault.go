package mailtest

import "time"

// Fault takes the place of the server's answer to a step.
type Fault func(*session)

// Reply answers with these lines, "550 5.1.1 no such user"; the last but one end with a hyphen after the code.
func Reply(lines ...string) Fault {
	return func(c *session) { c.say(lines...) }
}

// Cut closes the connection.
func Cut() Fault { return func(c *session) { c.end() } }

// Hang never answers.
func Hang() Fault {
	return func(c *session) {
		<-c.gone()
		c.end()
	}
}

// Lose takes the mail and closes the connection in place of an answer.
func Lose() Fault {
	return func(c *session) {
		c.take()
		c.end()
	}
}

// LoseSilently takes the mail and never answers.
func LoseSilently() Fault {
	return func(c *session) {
		c.take()
		<-c.gone()
		c.end()
	}
}

// Drip answers with a line a second, without end.
func Drip() Fault {
	return func(c *session) {
		for c.alive() {
			c.say("250-and more")
			time.Sleep(time.Second)
		}
		c.end()
	}
}

// Flood answers with lines without end, as fast as the client reads them.
func Flood() Fault {
	return func(c *session) {
		for c.alive() {
			c.say("250-and more")
		}
		c.end()
	}
}

// Late answers as usual after some time.
func Late(d time.Duration) Fault {
	return func(c *session) {
		time.Sleep(d)
		c.answer()
	}
}
