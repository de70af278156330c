package traffic

import (
	"path"
	"slices"
	"strings"

	"github.com/ringfence/ringfence/manifest"
	"github.com/ringfence/ringfence/netpol"
)

// file is a text that workloads mount, from one ConfigMap or Secret or from several
// that hold the same.
type file struct {
	key, value string
	readers    []*netpol.Workload
	settings   []*setting // one of each value, without a workload and its source
	// owners are the readers that settings are for, of a file that is shared; those of
	// no reader are left out. It is nil until it is asked for.
	owners map[*setting][]*netpol.Workload

	classified bool // kind and tree are known
	kind       grafanaFile
	tree       *node
}

// mount is a file with the place from which a workload has it.
type mount struct {
	*file
	datum
}

// files are the mounted files of each workload.
type files map[*netpol.Workload][]mount

// files finds what workloads mount.
func (x *inference) files() files {
	known := map[[2]string]*file{}
	mounted := files{}
	for _, w := range x.cluster.Workloads {
		for _, d := range x.mounts(w) {
			id := [2]string{d.key, d.value}
			if known[id] == nil {
				known[id] = &file{key: d.key, value: d.value}
			}
			if f := known[id]; !slices.Contains(f.readers, w) {
				f.readers = append(f.readers, w)
				mounted[w] = append(mounted[w], mount{f, d})
			}
		}
	}
	return mounted
}

// mounts returns the keys of ConfigMaps and Secrets that containers of a workload
// mount as files.
func (x *inference) mounts(w *netpol.Workload) []datum {
	var all []datum
	for _, volume := range manifest.Items(w.PodSpec, "volumes") {
		paths, used := mountedPaths(w, manifest.Text(volume, "name"))
		if !used {
			continue
		}
		for _, v := range append(manifest.Items(volume, "projected", "sources"), volume) {
			for kind, field := range map[string]string{"ConfigMap": "configMap", "Secret": "secret"} {
				ref := manifest.Mapping(v, field)
				name := manifest.Text(ref, "name") + manifest.Text(ref, "secretName")
				if ref != nil {
					all = append(all, selected(data(x.objects.core(kind, w.Namespace, name)), manifest.Items(ref, "items"), paths)...)
				}
			}
		}
	}
	slices.SortStableFunc(all, func(a, b datum) int {
		return strings.Compare(a.from.object.Name+"/"+a.key, b.from.object.Name+"/"+b.key)
	})
	return all
}

// mountedPaths returns the paths of a volume that containers mount; nil stands for
// all of them.
func mountedPaths(w *netpol.Workload, volume string) (paths []string, used bool) {
	for _, list := range []string{"initContainers", "containers"} {
		for _, c := range manifest.Items(w.PodSpec, list) {
			for _, m := range manifest.Items(c, "volumeMounts") {
				if manifest.Text(m, "name") != volume {
					continue
				}
				sub := manifest.Text(m, "subPath")
				if sub == "" {
					return nil, true
				}
				paths, used = append(paths, sub), true
			}
		}
	}
	return paths, used
}

// selected returns the keys that a volume takes and that are mounted.
func selected(all []datum, items []any, paths []string) []datum {
	var chosen []datum
	for _, d := range all {
		at, taken := d.key, len(items) == 0
		for _, item := range items {
			if manifest.Text(item, "key") == d.key {
				at, taken = manifest.Text(item, "path"), true
			}
		}
		if taken && (paths == nil || slices.ContainsFunc(paths, func(p string) bool { return path.Clean(p) == path.Clean(at) })) {
			chosen = append(chosen, d)
		}
	}
	return chosen
}

// of returns what a workload reads from files.
func (f files) of(w *netpol.Workload) []*setting {
	var all []*setting
	for _, m := range f[w] {
		if m.settings == nil {
			m.settings = m.file.read()
		}
		isShared := len(m.readers) >= shared
		if isShared && m.owners == nil {
			m.owners = m.findOwners()
		}
		for _, s := range m.settings {
			own := *s
			own.workload, own.from, own.secret = w, m.from, m.secret
			switch {
			case len(m.owners) > 0 && !slices.Contains(m.owners[s], w) && (m.owners[s] != nil || !namesItself(s)):
				own.confidence = Low
			case isShared && isAddressOf(w, s):
				own.confidence = Low // by which the others find it
			case isShared:
				own.confidence = Medium
			}
			all = append(all, &own)
		}
	}
	return all
}

// shared is the number of readers of a file from which on not every reader can be
// taken to use all of it.
const shared = 3

// findOwners tells for which of its readers each setting of a file is: its key or the
// host that it names has the stem of a word that sets the reader's name apart.
func (f *file) findOwners() map[*setting][]*netpol.Workload {
	apart := make([][]string, len(f.readers))
	for i, w := range f.readers {
		apart[i] = f.apart(w)
	}
	owners := map[*setting][]*netpol.Workload{}
	for _, s := range f.settings {
		of := words(s.key)
		for _, a := range addresses(s.value) {
			of = append(of, words(a.host)...)
		}
		for i, w := range f.readers {
			if slices.ContainsFunc(apart[i], func(word string) bool {
				return slices.ContainsFunc(of, func(other string) bool { return sameStem(word, other) })
			}) {
				owners[s] = append(owners[s], w)
			}
		}
	}
	return owners
}

// isAddressOf tells whether a setting names a workload by its own name.
func isAddressOf(w *netpol.Workload, s *setting) bool {
	return slices.ContainsFunc(addresses(s.value), func(a address) bool {
		host, _, _ := strings.Cut(a.host, ".")
		return host == w.Name
	})
}

// namesItself tells whether a key is called after the host alone, as that of
// something that everybody uses is: consulAddress, and not usersCacheAddress.
func namesItself(s *setting) bool {
	own := strings.Fields(stem(words(s.key)))
	return len(own) == 1 && slices.ContainsFunc(addresses(s.value), func(a address) bool {
		return slices.Contains(words(a.host), own[0])
	})
}

// apart returns the words of a reader's name that not all readers have.
func (f *file) apart(w *netpol.Workload) []string {
	return slices.DeleteFunc(words(w.Name), func(word string) bool {
		return !slices.ContainsFunc(f.readers, func(o *netpol.Workload) bool { return !slices.Contains(words(o.Name), word) })
	})
}

// sameStem tells whether two words are forms of one, such as reserve and
// reservation: all but the last letter of the shorter one are the same.
func sameStem(a, b string) bool {
	const least = 5 // letters, below which words must be equal
	n := min(len(a), len(b))
	return a == b || n > least && a[:n-1] == b[:n-1]
}

// read takes a file apart into settings.
func (f *file) read() []*setting {
	settings := []*setting{}
	if kind, _ := f.grafana(); kind != noGrafanaFile {
		return settings
	}
	if scalars, ok := manifest.Scalars([]byte(f.value)); ok {
		for _, s := range scalars {
			if under(s.Path, ownParts) {
				continue
			}
			key := lastKey(s.Path)
			settings = append(settings, &setting{
				kind: "file", key: key, value: s.Value, line: s.Line, confidence: High,
				group: f.key + "/" + strings.Join(s.Path[:len(s.Path)-1], "/"),
			})
		}
		return settings
	}
	for i, line := range strings.Split(f.value, "\n") {
		key, value, ok := assignment(line)
		if ok {
			settings = append(settings, &setting{
				kind: "file", key: key, value: value, line: i + 1, confidence: High, group: f.key,
			})
		}
	}
	return settings
}

// ownParts are the parts of files that are read by what they mean: those that say whom
// a Prometheus scrapes, and whose logs Promtail reads.
var ownParts = []string{"scrape_configs", "alertmanagers"}

// under tells whether a path leads through one of some keys.
func under(path, keys []string) bool {
	return slices.ContainsFunc(path, func(key string) bool { return slices.Contains(keys, key) })
}

// lastKey is the last step of a path that is no index.
func lastKey(path []string) string {
	for i := len(path) - 1; i >= 0; i-- {
		if !isNumber(path[i]) {
			return path[i]
		}
	}
	return ""
}

// assignment reads a line of a file in any format that has a key and a value on it:
// key=value, key: value, or a directive with its arguments. ok is false for comments
// and empty lines.
func assignment(line string) (key, value string, ok bool) {
	line = strings.TrimSpace(line)
	if line == "" || strings.HasPrefix(line, "#") || strings.HasPrefix(line, ";") || strings.HasPrefix(line, "//") || strings.HasPrefix(line, "<!--") {
		return "", "", false
	}
	end := strings.IndexAny(line, "=: \t")
	if end <= 0 {
		return "", line, true
	}
	key = strings.Trim(line[:end], `"'`)
	rest := strings.TrimLeft(line[end:], " \t")
	if strings.HasPrefix(rest, "=") || strings.HasPrefix(rest, ":") && !strings.HasPrefix(rest, "://") && !startsWithPort(rest) {
		return key, strings.Trim(strings.TrimSpace(rest[1:]), `"',`), true
	}
	if strings.HasPrefix(rest, ":") {
		return "", line, true
	}
	return key, rest, true
}

// startsWithPort tells whether a colon stands before a port rather than a value.
func startsWithPort(rest string) bool { return len(rest) > 1 && rest[1] >= '0' && rest[1] <= '9' }
