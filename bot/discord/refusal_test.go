package discord

import (
	"errors"
	"net/http"
	"slices"
	"testing"

	"friendlyfire/bot/msg"
)

// documented are all error codes of https://discord.com/developers/docs/topics/opcodes-and-status-codes#json, with what
// becomes of a message that is refused with a 400 and one of them.
var documented = map[string][]int{
	"given up": {
		20009, 50006, 50035, 200000, 240000,
	},
	"held": {
		10003, 10004, 20001, 20012, 20016, 20024, 20028, 20029, 40001, 40002, 40003, 40004, 40006, 40007,
		40058, 40062, 40067, 40333, 50001, 50002, 50003, 50007, 50008, 50009, 50013, 50014, 50024, 50027,
		50055, 50083, 50095, 50178, 50278, 110000, 110001, 130000, 160005, 400001,
	},
	"in doubt": { // held too, until another goes through: most belong to requests that the bot does not make
		0, 10001, 10002, 10005, 10006, 10007, 10008, 10009, 10010, 10011, 10012, 10013, 10014, 10015, 10016,
		10020, 10021, 10026, 10027, 10028, 10029, 10030, 10031, 10032, 10033, 10036, 10038, 10049, 10050,
		10057, 10059, 10060, 10061, 10062, 10063, 10065, 10066, 10067, 10068, 10069, 10070, 10071, 10087,
		10097, 10124, 10129, 20002, 20015, 20018, 20022, 20031, 20035, 30001, 30002, 30003, 30004, 30005,
		30007, 30008, 30010, 30011, 30013, 30015, 30016, 30018, 30019, 30030, 30031, 30032, 30033, 30034,
		30035, 30037, 30038, 30039, 30040, 30042, 30045, 30046, 30047, 30048, 30052, 30056, 30058, 30060,
		30061, 40005, 40009, 40012, 40018, 40019, 40032, 40033, 40041, 40043, 40060, 40061, 40066, 40074,
		40094, 50004, 50005, 50010, 50011, 50012, 50015, 50016, 50017, 50019, 50020, 50021, 50025, 50026,
		50028, 50033, 50034, 50036, 50039, 50041, 50045, 50046, 50054, 50057, 50067, 50068, 50070, 50073,
		50074, 50080, 50081, 50084, 50085, 50086, 50091, 50097, 50101, 50109, 50110, 50123, 50124, 50131,
		50132, 50138, 50144, 50145, 50146, 50151, 50159, 50160, 50161, 50162, 50163, 50167, 50173, 50192,
		50600, 60003, 80004, 90001, 90002, 150006, 160002, 160004, 160006, 160007, 160014, 170001, 170002,
		170003, 170004, 170005, 170006, 170007, 180000, 180002, 200001, 220001, 220002, 220003, 220004,
		340015, 350000, 350001, 500000, 520000, 520001, 520002, 520003, 520004, 520006, 530000, 530001,
		530002, 530003, 530004, 530006, 530007,
	},
}

func TestR30EveryDocumentedErrorHasItsOutcome(t *testing.T) {
	outcome := func(status, code int) string {
		err := classify(&refusal{status: status, code: code, text: "refused"})
		if _, ok := errors.AsType[*msg.RejectedError](err); ok {
			return "given up"
		}
		switch held, ok := errors.AsType[*msg.NotSentError](err); {
		case !ok:
			return "unclear"
		case held.Unknown:
			return "in doubt"
		}
		return "held"
	}
	for want, codes := range documented {
		for _, code := range codes {
			if got := outcome(http.StatusBadRequest, code); got != want {
				t.Errorf("a 400 with %d: %s, want %s", code, got, want)
			}
			want := map[bool]string{true: "given up", false: "held"}[want == "given up"]
			for _, status := range []int{http.StatusForbidden, http.StatusNotFound} {
				if got := outcome(status, code); got != want {
					t.Errorf("a %d with %d: %s, want %s", status, code, got, want)
				}
			}
		}
	}
	if got := outcome(http.StatusBadRequest, 987654); got != "in doubt" {
		t.Errorf("a code that is not documented: %s, want in doubt", got)
	}
	if got := outcome(http.StatusRequestEntityTooLarge, 40005); got != "in doubt" {
		t.Errorf("too large: %s, want in doubt", got)
	}
	for _, code := range slices.Concat(messageFaults, channelFaults) {
		all := slices.Concat(documented["given up"], documented["held"])
		if !slices.Contains(all, code) {
			t.Errorf("%d is not documented", code)
		}
	}
}
