package fetch

import (
	"bufio"
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"go.yaml.in/yaml/v3"
	"oras.land/oras-go/v2/registry/remote/auth"
	"oras.land/oras-go/v2/registry/remote/credentials"
)

// Logins are the credentials that the user keeps in files of Helm, Docker and git. Those
// that a program would have to be asked for are not among them.
type Logins struct {
	charts     []site // Helm repositories
	git        []site
	registries credentials.Store
}

// A site is where a user name and password are for.
type site struct {
	scheme, host, path string // the path without a slash at its end
	login
}

type login struct{ user, password string }

// UserLogins reads the files in which the tools look for credentials; env gives the
// variables of the environment that name them. Files that are not there have none. Errors
// name a file that cannot be read, and nothing of what is in it.
func UserLogins(env func(string) string) (*Logins, error) {
	home := cmp.Or(env("HOME"), env("USERPROFILE"))
	config := cmp.Or(env("XDG_CONFIG_HOME"), below(home, ".config"))
	helm := cmp.Or(env("HELM_CONFIG_HOME"), below(helmHome(env, home), "helm"))
	l := &Logins{}
	var stores []credentials.Store
	for _, file := range []struct {
		name string
		read func(name string, data []byte) error
	}{
		{cmp.Or(env("HELM_REPOSITORY_CONFIG"), below(helm, "repositories.yaml")), l.helmRepositories},
		{below(home, ".git-credentials"), l.gitCredentials},
		{below(config, "git", "credentials"), l.gitCredentials},
		{cmp.Or(env("NETRC"), below(home, ".netrc")), l.netrc},
		{cmp.Or(env("HELM_REGISTRY_CONFIG"), below(helm, "registry", "config.json")), registries(&stores)},
		{below(cmp.Or(env("DOCKER_CONFIG"), below(home, ".docker")), "config.json"), registries(&stores)},
	} {
		data, err := os.ReadFile(file.name)
		if file.name == "" || errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err == nil && file.read(file.name, data) != nil {
			err = fmt.Errorf("read credentials: %s does not have the form of such a file", file.name)
		}
		if err != nil {
			return nil, err
		}
	}
	l.registries = credentials.NewStoreWithFallbacks(credentials.NewMemoryStore(), stores...)
	return l, nil
}

// below is a name in a folder, "" where the folder is not known.
func below(dir string, names ...string) string {
	if dir == "" {
		return ""
	}
	return filepath.Join(dir, filepath.Join(names...))
}

// helmHome is the folder of Helm's own where nothing else says (Helm's package lazypath).
func helmHome(env func(string) string, home string) string {
	switch {
	case env("XDG_CONFIG_HOME") != "":
		return env("XDG_CONFIG_HOME")
	case runtime.GOOS == "darwin":
		return below(home, "Library", "Preferences")
	case runtime.GOOS == "windows":
		return env("APPDATA")
	default:
		return below(home, ".config")
	}
}

func registries(stores *[]credentials.Store) func(string, []byte) error {
	return func(name string, _ []byte) error {
		store, err := credentials.NewFileStore(name) // of the programs that the file names it runs none
		*stores = append(*stores, store)
		return err
	}
}

// siteOf reads the URL that credentials are for.
func siteOf(text string) (site, *url.Userinfo, error) {
	u, err := url.Parse(text)
	if err != nil {
		return site{}, nil, err
	}
	return site{scheme: u.Scheme, host: hostOf(u), path: strings.TrimSuffix(u.Path, "/")}, u.User, nil
}

// hostOf is the host of a URL with its port, if that is not the default.
func hostOf(u *url.URL) string {
	host := strings.ToLower(u.Host)
	if u.Scheme == "https" {
		return strings.TrimSuffix(host, ":443")
	}
	return strings.TrimSuffix(host, ":80")
}

func (l *Logins) helmRepositories(_ string, data []byte) error {
	var file struct {
		Repositories []struct{ URL, Username, Password string } `yaml:"repositories"`
	}
	if err := yaml.Unmarshal(data, &file); err != nil {
		return err
	}
	for _, r := range file.Repositories {
		s, _, err := siteOf(r.URL)
		if err == nil && r.Username+r.Password != "" {
			s.login = login{r.Username, r.Password}
			l.charts = append(l.charts, s)
		}
	}
	return nil
}

// gitCredentials reads the file of git's helper "store": a URL with credentials a line.
func (l *Logins) gitCredentials(_ string, data []byte) error {
	for lines := bufio.NewScanner(bytes.NewReader(data)); lines.Scan(); {
		s, user, err := siteOf(strings.TrimSpace(lines.Text()))
		if err != nil || user == nil {
			continue // git passes over such lines, too
		}
		s.user = user.Username()
		s.password, _ = user.Password()
		l.git = append(l.git, s)
	}
	return nil
}

// netrc reads a .netrc file. Its entry "default" would be for any host, so it is for none.
func (l *Logins) netrc(_ string, data []byte) error {
	var words []string
	for lines := bufio.NewScanner(bytes.NewReader(data)); lines.Scan(); {
		fields := strings.Fields(lines.Text())
		if len(fields) > 0 && fields[0] == "macdef" { // up to an empty line
			for lines.Scan() && strings.TrimSpace(lines.Text()) != "" {
				continue
			}
		} else if len(fields) > 0 && !strings.HasPrefix(fields[0], "#") {
			words = append(words, fields...)
		}
	}
	for i := 0; i < len(words); i++ {
		if words[i] != "machine" || i+1 == len(words) {
			continue
		}
		i++
		s := site{scheme: "https", host: strings.ToLower(words[i])}
		for ; i+2 < len(words) && words[i+1] != "machine" && words[i+1] != "default"; i += 2 {
			switch words[i+1] {
			case "login":
				s.user = words[i+2]
			case "password":
				s.password = words[i+2]
			}
		}
		l.git = append(l.git, s)
	}
	return nil
}

// of returns the credentials for a request on behalf of a ref: never for another host
// than they are for, and with TLS only, but for this machine. Those of registries are
// asked for by the registry's client.
func (l *Logins) of(ref Ref, to *url.URL) (login, bool) {
	if l == nil || to.Scheme != "https" && !isLoopback(to.Host) {
		return login{}, false
	}
	sites, covers := l.git, func(s site) bool { return s.path == "" || to.Path == s.path || strings.HasPrefix(to.Path, s.path+"/") }
	switch ref.Kind {
	case Git:
	case Chart: // which may lie elsewhere on the host than the index
		repository, _, err := siteOf(ref.URL)
		sites, covers = l.charts, func(s site) bool { return err == nil && s.path == repository.path }
	default:
		return login{}, false
	}
	for _, s := range sites {
		if s.scheme == to.Scheme && s.host == hostOf(to) && covers(s) {
			return s.login, true
		}
	}
	return login{}, false
}

// ofRegistry returns the credentials for a registry.
func (l *Logins) ofRegistry(withTLS bool) auth.CredentialFunc {
	if l == nil || !withTLS {
		return nil
	}
	return credentials.Credential(l.registries)
}
