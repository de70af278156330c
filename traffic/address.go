package traffic

import (
	"net/url"
	"regexp"
	"strconv"
	"strings"

	"github.com/ringfence/ringfence/netpol"
)

// address is a host, perhaps with a port, that a text names.
type address struct {
	host     string
	port     int    // 0 where the text names none
	portName string // of an SRV name
	scheme   string // lower case, empty where the text has none
	protocol netpol.Protocol
	bare     bool // only a host: a coincidence unless the key says that it is one
}

// addresses finds the addresses in a value. What has neither a scheme nor a port is
// one only where it is all of the value.
func addresses(value string) []address {
	value = strings.TrimSpace(value)
	var found []address
	if a, ok := connectionString(value); ok {
		found = append(found, a...)
	}
	for _, m := range probe.FindAllStringSubmatch(value, -1) {
		if a, ok := authority(m[1] + m[3] + ":" + m[2] + m[4]); ok {
			found = append(found, a)
		}
	}
	for _, token := range tokens(value) {
		found = append(found, tokenAddresses(token)...)
	}
	if len(found) == 0 && isDomain(value) {
		found = append(found, address{host: value, protocol: netpol.TCP, bare: true})
	}
	return found
}

// separators cut a value into tokens. A comma belongs to some URLs, which name
// several hosts.
var separators = regexp.MustCompile("[\\s\"'`;|<>()\\[\\]{}]+")

func tokens(value string) []string {
	var all []string
	for _, token := range separators.Split(value, -1) {
		if token = strings.Trim(token, ",\\"); token != "" {
			all = append(all, token)
		}
	}
	return all
}

var (
	schemeURL = regexp.MustCompile(`^(?:jdbc:|r2dbc:)?([A-Za-z][A-Za-z0-9+.-]*)://(.+)$`)
	hostPort  = regexp.MustCompile(`^([A-Za-z0-9_](?:[A-Za-z0-9_.-]*[A-Za-z0-9])?):([0-9]{1,5})$`)
	assigned  = regexp.MustCompile(`^--?[A-Za-z0-9_.-]+=(.+)$|^[A-Za-z_][A-Za-z0-9_.-]*=(.+)$`)
	// probe is how scripts wait for a port: "nc -z db 5432", "/dev/tcp/db/5432".
	probe     = regexp.MustCompile(`(?:^|[\s;&|(])(?:nc|ncat|netcat|telnet)\s+(?:-\S+\s+)*([A-Za-z0-9_.-]+)\s+([0-9]{1,5})\b|/dev/(?:tcp|udp)/([A-Za-z0-9_.-]+)/([0-9]{1,5})\b`)
	srvPrefix = regexp.MustCompile(`^(?:dns|dnssrv|dnssrvnoa)\+`)
	srvName   = regexp.MustCompile(`^_([A-Za-z0-9-]+)\._(tcp|udp)\.(.+)$`)
)

// credentials are what stands between a scheme and a host.
var credentials = regexp.MustCompile(`(://|^)[^\s/@:]*:[^\s/@]*@`)

// namedCredentials are those of connection strings, options and queries, after their name.
var namedCredentials = regexp.MustCompile(`(?i)(` + secretName + `["']?\s*[=:]\s*["']?|--?[\w-]*` + secretName + `\s+)[^\s;&,"']+`)

const secretName = `(?:password|passwd|pwd|secret|token|api[-_]?key|access[-_]?key)`

// tokenAddresses finds the addresses of a token: a URL of one or more hosts, a list
// of hosts with ports, or an option that is set to such.
func tokenAddresses(token string) []address {
	if m := schemeURL.FindStringSubmatch(token); m != nil {
		return urlAddresses(strings.ToLower(m[1]), m[2])
	}
	if m := assigned.FindStringSubmatch(token); m != nil {
		return tokenAddresses(strings.Trim(m[1]+m[2], `"'`))
	}
	var found []address
	for part := range strings.SplitSeq(token, ",") {
		part = srvPrefix.ReplaceAllString(part, "")
		if i := strings.IndexByte(part, '/'); i > 0 { // host:port/path
			part = part[:i]
		}
		if i := strings.LastIndexByte(part, '@'); i >= 0 { // user:password@host:port
			part = part[i+1:]
		}
		if a, ok := authority(part); ok {
			found = append(found, a)
		}
	}
	return found
}

// authority reads host:port, or an SRV name.
func authority(s string) (address, bool) {
	if m := srvName.FindStringSubmatch(s); m != nil {
		host, _, _ := strings.Cut(m[3], ":")
		return address{host: host, portName: m[1], protocol: netpol.Protocol(strings.ToUpper(m[2]))}, isDomain(host)
	}
	m := hostPort.FindStringSubmatch(s)
	if m == nil {
		return address{}, false
	}
	port, err := strconv.Atoi(m[2])
	if err != nil || port < netpol.FirstPort || port > netpol.LastPort || isNumber(m[1]) {
		return address{}, false
	}
	return address{host: m[1], port: port, protocol: netpol.TCP}, true
}

func isNumber(s string) bool { return strings.Trim(s, "0123456789") == "" }

// urlAddresses reads what follows the scheme of a URL, which may name several hosts
// separated by commas.
func urlAddresses(scheme, rest string) []address {
	if namesNoHost(scheme) {
		return nil
	}
	scheme = strings.TrimPrefix(strings.TrimPrefix(scheme, "dns+"), "dnssrv+")
	if i := strings.IndexAny(rest, "/?#"); i >= 0 {
		rest = rest[:i]
	}
	if i := strings.LastIndexByte(rest, '@'); i >= 0 {
		rest = rest[i+1:]
	}
	rest = strings.TrimSuffix(rest, `\`)
	if hosts, params, ok := strings.Cut(rest, ";"); ok && params != "" {
		rest = hosts
	}
	protocol := netpol.TCP
	if strings.HasPrefix(scheme, "udp") || scheme == "statsd" || scheme == "syslog" || scheme == "gelf" {
		protocol = netpol.UDP
	}
	var found []address
	for host := range strings.SplitSeq(rest, ",") {
		if i := strings.LastIndexByte(host, '@'); i >= 0 {
			host = host[i+1:]
		}
		a, ok := authority(host)
		if !ok {
			if host, err := url.PathUnescape(host); err != nil || !isDomain(strings.TrimSuffix(host, ".")) {
				continue
			}
			a = address{host: strings.TrimSuffix(host, "."), port: schemePort(scheme)}
		}
		a.scheme, a.protocol = scheme, protocol
		found = append(found, a)
	}
	return found
}

// namesNoHost tells whether a bucket, a file or the like follows a scheme.
func namesNoHost(scheme string) bool {
	switch scheme {
	case "s3", "s3a", "s3n", "gs", "gcs", "az", "azblob", "abfs", "abfss", "wasb", "wasbs", "swift", "oss", "cos", "hf",
		"file", "unix", "sqlite", "sqlite3", "inmemory", "mem", "memory", "classpath", "data", "urn", "arn", "secret", "env", "ref", "vals":
		return true
	default:
		return false
	}
}

// schemePort returns the port that a scheme stands for, 0 where it is not known.
// They are those that IANA or the programs' documentation give.
func schemePort(scheme string) int {
	switch scheme {
	case "http", "ws", "h2c":
		return 80
	case "https", "wss":
		return 443
	case "postgres", "postgresql", "pg":
		return 5432
	case "mysql", "mariadb":
		return 3306
	case "redis", "rediss":
		return 6379
	case "mongodb":
		return 27017
	case "amqp":
		return 5672
	case "amqps":
		return 5671
	case "nats":
		return 4222
	case "ldap":
		return 389
	case "ldaps":
		return 636
	case "smtp":
		return 25
	case "ftp":
		return 21
	case "sqlserver", "mssql":
		return 1433
	case "clickhouse":
		return 9000
	case "cassandra":
		return 9042
	case "memcached":
		return 11211
	case "kafka":
		return 9092
	case "bolt", "neo4j":
		return 7687
	case "couchbase":
		return 11210
	case "etcd":
		return 2379
	default:
		return 0
	}
}

// The keys by which connection strings of ADO, ODBC and libpq name the host and the
// port.
var (
	connectionHost = regexp.MustCompile(`(?i)(?:^|[;\s])(?:server|data source|host|hostname|addr|address|network address)\s*=\s*['"]?(?:tcp:)?([A-Za-z0-9_.,:\\-]+)`)
	connectionPort = regexp.MustCompile(`(?i)(?:^|[;\s])port\s*=\s*['"]?([0-9]{1,5})`)
	connectionKeys = regexp.MustCompile(`(?i)(?:^|[;\s])(?:database|dbname|initial catalog|user|uid|user id|username|password|pwd|sslmode|integrated security|endpoint|port|abortconnect|persist security info)\s*=`)
)

// connectionString reads "Server=db,1433;User=…" and "host=db port=5432 …".
func connectionString(value string) (found []address, ok bool) {
	m := connectionHost.FindStringSubmatch(value)
	if m == nil || !connectionKeys.MatchString(value) {
		return nil, false
	}
	port := 0
	if p := connectionPort.FindStringSubmatch(value); p != nil {
		port, _ = strconv.Atoi(p[1])
	}
	host, instance, _ := strings.Cut(strings.TrimRight(m[1], ",:"), `\`)
	_ = instance                                  // of SQL Server; its port is not in the string
	if h, p, cut := strings.Cut(host, ","); cut { // SQL Server
		host = h
		if n, err := strconv.Atoi(p); err == nil {
			port = n
		}
	} else if a, isAuthority := authority(host); isAuthority {
		host, port = a.host, a.port
	}
	if !isDomain(host) {
		return nil, false
	}
	return []address{{host: host, port: port, protocol: netpol.TCP, scheme: "dsn"}}, true
}
