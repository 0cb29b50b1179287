package whoistest

import (
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
	"time"
)

// Refusal is the reply with which RIPE's software refuses all queries for a day.
const Refusal = "% This is the RIPE Database query service.\n\n%ERROR:201: access denied for 192.0.2.1\n%\n" +
	"% Queries from your IP address have passed the daily limit of controlled objects.\n\n"

// RIPE returns a network in the format of RIPE, APNIC and AFRINIC, from a CIDR or a range, and the text of the country.
func RIPE(network, country, name string) string {
	key := "inetnum: "
	if strings.Contains(network, ":") {
		key = "inet6num:"
	}
	return fmt.Sprintf("%% This is the RIPE Database query service.\n\n%% Information related to '%[2]s'\n\n"+
		"%[1]s        %[2]s\nnetname:        %[4]s\ndescr:          Example network\ncountry:        %[3]s\n"+
		"admin-c:        EX1-EXAMPLE\nstatus:         ASSIGNED PA\nsource:         EXAMPLE # Filtered\n\n",
		key, network, country, name)
}

// ARIN returns a network in the format of ARIN, with the organisation that holds it.
func ARIN(rng, country, name string) string {
	return fmt.Sprintf("#\n# ARIN WHOIS data and services are subject to the Terms of Use\n#\n\n"+
		"NetRange:       %s\nNetName:        %s\nNetType:        Direct Allocation\n"+
		"Organization:   Example Inc. (EX-1)\n\nOrgName:        Example Inc.\nOrgId:          EX-1\n"+
		"Address:        1 Example Street\nCountry:        %s\n\nOrgTechHandle: EX1-ARIN\n", rng, name, country)
}

// Transferred returns a network for which ARIN refers to another registry's server.
func Transferred(rng, server string) string {
	return fmt.Sprintf("#\n# ARIN WHOIS data\n#\n\nNetRange:       %s\nNetName:        RIPE-ERX-EXAMPLE\n"+
		"NetType:        Early Registrations, Transferred to RIPE NCC\n\n"+
		"OrgName:        RIPE Network Coordination Centre\nOrgId:          RIPE\nCountry:        NL\n\n"+
		"ReferralServer:  whois://%s\n", rng, server)
}

// LACNIC returns a network in the format of LACNIC.
func LACNIC(network, country, owner string) string {
	return fmt.Sprintf("%% Joint Whois - whois.lacnic.net\n\n%% LACNIC resource: whois.lacnic.net\n\n"+
		"inetnum:     %s\nstatus:      allocated\nowner:       %s\nownerid:     EX-EXAM-LACNIC\n"+
		"country:     %s\nowner-c:     EXA\n\nnic-hdl:     EXA\nperson:      Jo Example\ncountry:     ZZ\n\n",
		network, owner, country)
}

// IANA returns IANA's reply that names the server of a block.
func IANA(block, server string) string {
	key := "inetnum: "
	if strings.Contains(block, ":") {
		key = "inet6num:"
	}
	return fmt.Sprintf("%% IANA WHOIS server\n\nrefer:        %[3]s\n\n%[1]s     %[2]s\norganisation: Example NCC\n"+
		"status:       ALLOCATED\n\nwhois:        %[3]s\n\nsource:       IANA\n", key, block, server)
}

// Hang is a Handler that never answers.
func Hang(c net.Conn, _ Question) { _, _ = c.Read(make([]byte, 1)) }

// Flood is a Handler that never stops.
func Flood(c net.Conn, _ Question) {
	chunk := []byte(strings.Repeat("remarks: more and more\n", 1000))
	for {
		if _, err := c.Write(chunk); err != nil {
			return
		}
	}
}

// Drip returns a Handler that sends text at one byte a second.
func Drip(text string) Handler {
	return func(c net.Conn, _ Question) {
		for i := range len(text) {
			if _, err := c.Write([]byte{text[i]}); err != nil {
				return
			}
			// Wait a second, or until the other side hangs up.
			_ = c.SetReadDeadline(time.Now().Add(time.Second))
			if _, err := c.Read(make([]byte, 1)); !errors.Is(err, os.ErrDeadlineExceeded) {
				return
			}
		}
	}
}
