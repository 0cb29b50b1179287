package enrich

import "context"

// Registries returns the hosts that nearly all questions go to, in order: IANA, and the five registries of the regions.
func Registries() []string {
	return []string{iana, "whois.afrinic.net", "whois.apnic.net", arin, "whois.lacnic.net", "whois.ripe.net"}
}

// Reach opens the connection that Resolve would, and closes it: nothing is asked, so that no registry counts it.
// The context bounds the time.
func (c *Client) Reach(ctx context.Context, server string) error {
	d := c.dialer(ctx, server)
	conn, err := d.dial(ctx, "tcp", d.address)
	if err != nil {
		return err
	}
	return conn.Close()
}
