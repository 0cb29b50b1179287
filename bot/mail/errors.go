package mail

import (
	"cmp"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"net/textproto"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"friendlyfire/bot/msg"
	"friendlyfire/store"
)

// refusal is a reply of the server that is not a success.
type refusal struct {
	step     step
	code     int    // of RFC 5321, section 4.2
	enhanced string // of RFC 3463, such as "5.1.1"; "" if the server gives none
	text     string // what else it says, cleaned
}

// Error is for the log.
func (r *refusal) Error() string {
	return strings.TrimSpace(fmt.Sprintf("the mail server answers %s to %s: %s", r.codes(), r.step, r.text))
}

func (r *refusal) codes() string { return strings.TrimSpace(fmt.Sprintf("%d %s", r.code, r.enhanced)) }

// because says it to people, without the server's own words, which may hold anything.
func (r *refusal) because() string { return "because " + r.meaning() + " (" + r.codes() + ")" }

func (r *refusal) meaning() string {
	switch {
	case r.tooLarge():
		return "the mail is larger than the mail server takes"
	case r.aboutQuota():
		return "the account has sent all the mail that it may for now"
	case r.enhanced == "5.2.2":
		return "the mailbox is full"
	case r.code/100 == 4:
		return "the mail server asks us to try again later"
	case r.wantsLogin():
		return "the mail server wants a login: user and password_file in [mail]"
	}
	switch r.step {
	case loggingIn:
		return "the mail server does not accept user and password of [mail]"
	case encrypting:
		return "the mail server refuses to encrypt"
	case sender:
		return "the mail server does not let us send as the address in [mail] from"
	case recipient:
		if r.refusesRelay() {
			return "the mail server passes on no mail of ours to this address"
		}
		return "the mail server takes no mail for this address"
	case message, announcing:
		if r.aboutMailbox() {
			return "the mail server takes no mail for this address"
		}
		return "the mail server refuses the mail"
	}
	return "the mail server turns us away"
}

// wantsLogin reports whether the server takes mail only from those who log in: RFC 4954, section 6.
func (r *refusal) wantsLogin() bool { return r.code == 530 && r.step != encrypting }

// refusesRelay reports whether the server does not pass mail on for us.
func (r *refusal) refusesRelay() bool {
	return r.enhanced == "5.7.1" || strings.Contains(strings.ToLower(r.text), "relay")
}

// enhancedForm is how a reply begins that has an enhanced code: RFC 2034, section 4.
var enhancedForm = regexp.MustCompile(`^([245]\.\d{1,3}\.\d{1,3})\b ?`)

// failure is the error of a step: a *refusal where the server has replied, and otherwise a *msg.NotSentError as long as
// it has not got the whole message, or after that an error that leaves open what has become of it.
func (c *Client) failure(at step, err error) error {
	if r, ok := errors.AsType[*refusal](err); ok {
		return r
	}
	if no, ok := errors.AsType[*textproto.Error](err); ok {
		text := c.redact(no.Msg)
		enhanced := ""
		if m := enhancedForm.FindStringSubmatch(text); m != nil {
			enhanced = m[1]
		}
		// Each line of a reply repeats the enhanced code.
		text = regexp.MustCompile(`(^|\n)`+enhancedForm.String()[1:]).ReplaceAllString(text, "$1")
		return &refusal{at, no.Code, enhanced, store.Clean(text, 200)}
	}
	if no, ok := errors.AsType[*msg.NotSentError](err); ok {
		return no
	}
	text := cmp.Or(tlsFault(err), store.Clean(c.redact(err.Error()), 300))
	if !strings.HasPrefix(text, "because ") {
		text = fmt.Sprintf("%s: %s", at, text)
	}
	if at == message {
		return errors.New(text)
	}
	return &msg.NotSentError{Reason: text, Unreached: at != writing}
}

// tlsFault says to people why the connection cannot be encrypted, and "" of other errors.
func tlsFault(err error) string {
	if _, ok := errors.AsType[x509.HostnameError](err); ok {
		return "because the mail server's certificate is for another name than that in [mail] server"
	}
	if _, ok := errors.AsType[x509.UnknownAuthorityError](err); ok {
		return "because the mail server's certificate is signed by nobody whom this machine trusts"
	}
	if no, ok := errors.AsType[x509.CertificateInvalidError](err); ok && no.Reason == x509.Expired {
		return "because the mail server's certificate is not valid at this time: is the clock right?"
	}
	if _, ok := errors.AsType[tls.RecordHeaderError](err); ok {
		return "because the mail server does not begin with TLS at this port: is it one for STARTTLS, such as 587?"
	}
	return ""
}

// encoded matches what logins look like on the way.
var encoded = regexp.MustCompile(`[A-Za-z0-9+/]{16,}={0,2}`)

// redact takes the password out of what others wrote: as it is, or as it was sent.
func (c *Client) redact(text string) string {
	password := c.password.Reveal()
	if password == "" {
		return text
	}
	quoted := strings.Trim(strconv.Quote(password), `"`) // in errors of the library
	text = strings.NewReplacer(password, "[password]", quoted, "[password]").Replace(text)
	return encoded.ReplaceAllStringFunc(text, func(word string) string {
		plain, _ := base64.StdEncoding.DecodeString(word)
		alone := base64.StdEncoding.EncodeToString([]byte(password))
		if strings.Contains(string(plain), password) || strings.Contains(word, alone) {
			return "[password]"
		}
		return word
	})
}

const (
	// patience is between attempts where the server asks for some: greylisting wants minutes, and looks at the first
	// attempt. RFC 6647, section 5.
	patience = time.Minute

	// rareTry is between attempts where a person must do something first.
	rareTry = 15 * time.Minute
)

// classify turns the error of a message into one of package msg.
//
// Only a reply to the message itself can be about it, and its code is 5yz then. Most of these say as little as "554
// rejected", which may be about the words, the sender's reputation or a policy: whether other messages pass tells
// which.
func classify(err error) error {
	r, ok := errors.AsType[*refusal](err)
	switch {
	case !ok:
		return err
	case r.tooLarge(), r.step == message && strings.HasPrefix(r.enhanced, "5.6."):
		return &msg.RejectedError{Reason: r.because()}
	case r.code/100 == 4 && r.limits():
		return &msg.RetryAfterError{After: r.after(), Scope: msg.WholePlatform}
	case r.code/100 == 4:
		return &msg.NotSentError{Reason: r.because(), After: r.after(), Unreached: r.step != message}
	case r.step == message && !r.aboutMailbox() && !r.aboutQuota():
		return &msg.NotSentError{Reason: r.because(), Unknown: true}
	}
	return &msg.NotSentError{Reason: r.because(), After: rareTry, Unreached: r.step != message}
}

// rateForm finds what servers call a rate limit: Postfix, Exim, Exchange, Gmail.
var rateForm = regexp.MustCompile(`(?i)\brate\b|\bratelimit|too (?:many|much|fast)|\blimit|quota|throttl`)

// limits reports whether too much was sent, by this account or from this address. Greylisting is about one recipient.
func (r *refusal) limits() bool {
	return !r.aboutMailbox() && (rateForm.MatchString(r.text) || r.enhanced == "4.7.28" || r.enhanced == "4.5.3")
}

// waitForms find how long to wait, where a server says so: "try again in 300 seconds", "come back in 00:04:59".
var waitForms = []struct {
	form *regexp.Regexp
	unit time.Duration
}{
	{regexp.MustCompile(`(?i)\bin (\d{1,5}) ?s(?:ec|econds?)?\b`), time.Second},
	{regexp.MustCompile(`(?i)\bin (\d{1,3}) ?m(?:in|inutes?)?\b`), time.Minute},
	{regexp.MustCompile(`\bin 00:(\d\d):\d\d\b`), time.Minute},
}

// after is how long to wait: what the server says, or else patience, which is also the least; an hour at most.
func (r *refusal) after() time.Duration {
	for _, w := range waitForms {
		if m := w.form.FindStringSubmatch(r.text); m != nil {
			n, _ := strconv.Atoi(m[1])
			wait := time.Duration(n) * w.unit
			if w.unit == time.Minute {
				wait += time.Minute - time.Second // and so many seconds
			}
			return min(max(wait, patience), time.Hour)
		}
	}
	return patience
}

// tooLarge reports whether the message is larger than the server takes: RFC 1870, section 6.1, and RFC 3463, section
// 3.4. A mailbox that is full (5.2.2) has the same code.
func (r *refusal) tooLarge() bool {
	switch r.enhanced {
	case "5.3.4", "5.2.3":
		return true
	case "", "5.0.0":
		return r.code == 552 && (r.step == message || r.step == sender)
	}
	return false
}

// aboutMailbox reports whether the recipient's mailbox is at fault: RFC 3463, sections 3.2 and 3.3.
func (r *refusal) aboutMailbox() bool {
	_, subject, _ := strings.Cut(r.enhanced, ".")
	return slices.Contains([]string{"1.1", "1.2", "1.3", "1.6", "1.10", "2.0", "2.1", "2.2"}, subject)
}

// aboutQuota reports whether the account has sent all that it may for now. Gmail: "550 5.4.5 Daily user sending limit
// exceeded", "552 5.4.5": https://support.google.com/a/answer/3726730
func (r *refusal) aboutQuota() bool { return r.enhanced == "5.4.5" }

// refusesPicture reports whether the words alone may pass.
func refusesPicture(err error) bool {
	r, ok := errors.AsType[*refusal](err)
	return ok && (r.tooLarge() || r.step == message && r.code/100 == 5 && !r.aboutMailbox() && !r.aboutQuota())
}
