package evidence

import (
	"slices"
	"strings"
)

// roleNames are accounts of companies and of their machines, which people use too, and of which they forget the
// passwords.
var roleNames = set(`
	git svn www-data guest info sales office contact support service help billing accounting invoices shop orders hr
	jobs marketing press team mail postmaster webmaster hostmaster abuse noreply no-reply newsletter hello welcome
	reception secretary director manager scan scanner printer fax backup deploy monitoring wordpress wp anonymous
	ansible jenkins gitlab gitea dev developer devops docker upload uploader sftp app staging prod demo student
	students teacher nagios munin zabbix`)

// defaultNames are the accounts that systems come with: who meets a new server tries one after the other.
var defaultNames = set(`
	root admin administrator ubuntu debian pi ec2-user centos fedora rocky almalinux opc azureuser core user vagrant`)

// guessNames are what the dictionaries of password guessers hold, and what nobody is called: default accounts of
// databases, servers, games and appliances, and names of tests. A number at the end does not matter.
var guessNames = set(`
	oracle test testing tester testuser ftpuser ftp ftpadmin hadoop hduser hdfs spark postgres postgresql pgsql
	mysql mariadb mssql mongo mongodb redis kafka elastic elasticsearch logstash kibana tomcat jboss wildfly
	glassfish weblogic websphere apache nginx httpd www web webadmin wwwadmin wwwroot webserver server bitbucket
	nexus sonar sonarqube sonatype artifactory dockeradmin kubernetes k8s puppet chef minecraft mc mcserver
	teamspeak teamspeak3 ts ts3 ts3server csgo csserver steam steamcmd rust ark factorio terraria valheim plex
	plexserver emby jellyfin sample temp tmp default devel qa usuario usuarios utilisateur benutzer sysadmin sysadm
	superuser superadmin supervisor toor operator ubnt cisco mikrotik d-link dlink netgear zyxel huawei hikvision
	dahua vyos vyatta odoo odoo8 openerp asterisk freepbx pbx sip voip solana sol solv validator ethereum eth
	bitcoin btc miner mining nodejs appuser application system sys daemon bin sync sshd ssh sshuser sftpuser ftptest
	informix db2inst db2inst1 db2fenc1 db dba dbadmin sybase sap sapadm splunk rabbitmq activemq airflow superset
	hive impala flink zookeeper es lighthouse ircd irc eggdrop bot botuser spam samba smb nfs squid proxy vpn
	openvpn l2tp radius cacti nobody lp uucp games news mailman cyrus exim dovecot postfix amavis clamav bind named
	ldap openldap sql sqladmin phpmyadmin pma cpanel plesk whm vestacp hestia directadmin webmin centreon teste
	prueba essai user1 user2 user01 user123 admin1 admin2 admin123 root1 password pass qwerty 123456 1234 12345
	111111 abc123 a aa aaa x xx`)

// systemNames are accounts that every system has and nobody logs in to.
var systemNames = set(`
	bin daemon sys sync games man lp news uucp proxy list irc gnats nobody sshd named dbus adm halt shutdown
	systemd-network systemd-resolve messagebus polkitd chrony ntp rpc rpcuser postfix exim dovecot`)

func set(words string) map[string]bool {
	all := map[string]bool{}
	for w := range strings.FieldsSeq(words) {
		all[w] = true
	}
	return all
}

// guess reports whether a folded name is of attackers' dictionaries.
func guess(name string) bool {
	return guessNames[name] || injects(name) || !role(name) && guessNames[strings.Trim(name, "0123456789_-.")]
}

// injects reports whether a name is a piece of a program. A single sign of one proves nothing: who types his password
// where the name belongs has it in there, too.
func injects(name string) bool {
	signs := []string{"$(", "${", "`", "<?", "<s", "</", "{{", "\" ", "' or", "'or", "|sh", "| ", "; ", "/bin/"}
	return slices.ContainsFunc(signs, func(sign string) bool { return strings.Contains(name, sign) })
}

// role reports whether a folded name is of an account that systems or companies have.
func role(name string) bool {
	return roleNames[name] || defaultNames[name] || roleNames[strings.TrimRight(name, "0123456789")]
}

// Fold makes one of the forms of a name: JDupont@Example.com, EXAMPLE\jdupont and jdupont are the same person's.
func Fold(name string) string {
	name = strings.ToLower(name)
	if i := strings.LastIndexByte(name, '\\'); i >= 0 && i < len(name)-1 {
		return name[i+1:]
	}
	if i := strings.IndexByte(name, '@'); i > 0 {
		return name[:i]
	}
	return name
}

// alike reports whether two folded names can be the same person's: two slips of one name, or with four letters in a row
// in common, as anna, anna.martin and martina have, or one the initials of the
// other.
func alike(a, b string) bool {
	const common, longest = 4, 64
	a, b = a[:min(len(a), longest)], b[:min(len(b), longest)]
	short := min(len(a), len(b))
	if short >= 3 && distance(a, b) <= 1 || short >= 4 && distance(a, b) <= 2 {
		return true
	}
	if short == 2 && a[0] == b[0] && distance(a, b) <= 1 || initials(a, b) || initials(b, a) {
		return true
	}
	for i := 0; i+common <= len(a); i++ {
		if strings.Contains(b, a[i:i+common]) {
			return true
		}
	}
	return false
}

// initials reports whether the short name can be made of the long one, by its first letter and one or two of the
// others.
func initials(short, long string) bool {
	if len(short) < 2 || len(short) > 3 || len(long) < 4 || short[0] != long[0] {
		return false
	}
	for i := range len(short) {
		at := strings.IndexByte(long, short[i])
		if at < 0 {
			return false
		}
		long = long[at+1:]
	}
	return true
}

// distance is how many letters have to be added, dropped, changed or swapped with their neighbours, up to 3.
func distance(a, b string) int {
	const far, longest = 3, 24
	if d := len(a) - len(b); d >= far || -d >= far || max(len(a), len(b)) > longest {
		return far
	}
	var before, last, this [longest + 1]int
	for j := range last {
		last[j] = j
	}
	for i := range len(a) {
		this[0] = i + 1
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			this[j+1] = min(last[j]+cost, last[j+1]+1, this[j]+1)
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				this[j+1] = min(this[j+1], before[j-1]+1)
			}
		}
		before, last = last, this
	}
	return min(last[len(b)], far)
}
