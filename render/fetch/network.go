package fetch

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"syscall"
	"time"
)

// maxRedirects bounds how often one request is sent elsewhere.
const maxRedirects = 5

// newClient returns the one client by which everything is fetched. Its transport checks
// each request, also those that follow a redirect or ask for a token, and each
// connection.
func newClient(opts Options) *http.Client {
	return &http.Client{
		Transport: &guard{
			network: opts.Network,
			allow:   opts.Allow,
			limit:   opts.Limits.Download,
			logins:  opts.Logins,
			public:  newTransport(opts, &net.Dialer{Timeout: dialTime, Control: publicOnly}, nil),
			allowed: newTransport(opts, &net.Dialer{Timeout: dialTime}, opts.Proxy),
		},
		CheckRedirect: func(_ *http.Request, via []*http.Request) error {
			if len(via) > maxRedirects {
				return fmt.Errorf("%w: more than %d redirects", ErrLimit, maxRedirects)
			}
			return nil
		},
	}
}

const dialTime = 15 * time.Second

func newTransport(opts Options, dialer *net.Dialer, proxy func(*http.Request) (*url.URL, error)) *http.Transport {
	dial := dialer.DialContext
	if opts.Dial != nil {
		dial = opts.Dial
	}
	return &http.Transport{
		Proxy:                 proxy,
		DialContext:           dial,
		TLSHandshakeTimeout:   15 * time.Second,
		ResponseHeaderTimeout: 30 * time.Second,
		MaxIdleConnsPerHost:   4,
		ForceAttemptHTTP2:     true,
		// Some servers say of a packed chart that its packing is that of the transport;
		// its digest is that of what is packed.
		DisableCompression: true,
	}
}

// A guard lets requests through to the host that a context was made for, or to those
// that are allowed, and bounds their answers. A host that the user allows by name may
// have any address, and may be behind a proxy.
type guard struct {
	network bool
	allow   []string
	limit   int64
	logins  *Logins
	public  http.RoundTripper
	allowed http.RoundTripper
}

type originKey struct{}

// origin is what the requests of a context may go to.
type origin struct {
	Ref
	host string // with its port, if the URL has one
	tls  bool
}

// towards is a context for requests on behalf of a ref to the host of a URL.
func towards(ctx context.Context, ref Ref, text string) (context.Context, error) {
	u, err := url.Parse(text)
	if err != nil {
		return nil, errors.New("its URL cannot be read") // the error repeats the URL
	}
	if u.Host == "" {
		return nil, fmt.Errorf("%q names no host", text)
	}
	if u.User != nil {
		return nil, errors.New("its URL has credentials in it")
	}
	return context.WithValue(ctx, originKey{}, origin{ref, u.Host, u.Scheme == "https"}), nil
}

func (g *guard) RoundTrip(req *http.Request) (*http.Response, error) {
	from, _ := req.Context().Value(originKey{}).(origin)
	host := req.URL.Host
	switch {
	case !g.network:
		return nil, ErrNotFetched
	case req.URL.Scheme != "https" && req.URL.Scheme != "http":
		return nil, fmt.Errorf("%w: the protocol %q is not spoken", ErrHost, req.URL.Scheme)
	case from.tls && req.URL.Scheme != "https":
		return nil, fmt.Errorf("%w: %s leads away from TLS", ErrHost, from.host)
	case len(g.allow) > 0 && !allows(g.allow, host):
		return nil, fmt.Errorf("%w: fetch.allow of the configuration does not name %s", ErrHost, host)
	case len(g.allow) == 0 && !strings.EqualFold(host, from.host):
		return nil, fmt.Errorf("%w: %s leads to %s; to allow that, name both in fetch.allow of the configuration", ErrHost, from.host, host)
	}
	if login, ok := g.logins.of(from.Ref, req.URL); ok && req.Header.Get("Authorization") == "" {
		req = req.Clone(req.Context()) // what follows a redirect has the header of the first request
		req.SetBasicAuth(login.user, login.password)
	}
	next := g.public
	if len(g.allow) > 0 {
		next = g.allowed
	}
	resp, err := next.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	resp.Body = &boundedBody{Reader: &boundedReader{in: resp.Body, left: g.limit, what: "the answer of " + host + " has"}, Closer: resp.Body}
	return resp, nil
}

// A boundedBody is the body of an answer that has a limit.
type boundedBody struct {
	io.Reader
	io.Closer
}

// allows tells whether a list names a host, with its port or without: as it is, or all
// below a domain by "*.domain".
func allows(list []string, hostPort string) bool {
	host := strings.ToLower(hostPort)
	name := host
	if h, _, err := net.SplitHostPort(host); err == nil {
		name = h
	}
	return slices.ContainsFunc(list, func(entry string) bool {
		entry = strings.ToLower(entry)
		if domain, ok := strings.CutPrefix(entry, "*."); ok {
			return strings.HasSuffix(name, "."+domain)
		}
		return entry == host || entry == name
	})
}

// publicOnly lets connections go to public addresses only. Which address one goes to is
// known when the name was resolved.
func publicOnly(_, address string, _ syscall.RawConn) error {
	to, err := netip.ParseAddrPort(address)
	if err != nil {
		return err
	}
	if !isPublic(to.Addr()) {
		return fmt.Errorf("%w: it has the private address %s; to allow that, name it in fetch.allow of the configuration", ErrHost, to.Addr())
	}
	return nil
}

// special are blocks that no host of the internet has its address in, or that stand for
// other addresses (IANA's registries of special-purpose addresses).
var special = []netip.Prefix{
	netip.MustParsePrefix("0.0.0.0/8"), netip.MustParsePrefix("100.64.0.0/10"), netip.MustParsePrefix("192.0.0.0/24"),
	netip.MustParsePrefix("192.0.2.0/24"), netip.MustParsePrefix("192.88.99.0/24"), netip.MustParsePrefix("198.18.0.0/15"),
	netip.MustParsePrefix("198.51.100.0/24"), netip.MustParsePrefix("203.0.113.0/24"), netip.MustParsePrefix("240.0.0.0/4"),
	netip.MustParsePrefix("2001::/23"), netip.MustParsePrefix("2001:db8::/32"), netip.MustParsePrefix("2002::/16"), netip.MustParsePrefix("3fff::/20"),
}

// global holds all addresses of the internet that IPv6 has handed out.
var global = netip.MustParsePrefix("2000::/3")

// isPublic tells whether an address is one of the internet.
func isPublic(a netip.Addr) bool {
	a = a.Unmap()
	if a.Zone() != "" || !a.IsGlobalUnicast() || a.IsPrivate() || a.Is6() && !global.Contains(a) {
		return false
	}
	return !slices.ContainsFunc(special, func(p netip.Prefix) bool { return p.Contains(a) })
}

// read fetches what a URL names.
func (f *Fetcher) read(ctx context.Context, text string) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, text, nil)
	if err != nil {
		return nil, err
	}
	req.Header.Set("User-Agent", "ringfence")
	resp, err := f.client.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s answers %s", text, resp.Status)
	}
	return io.ReadAll(resp.Body)
}
