package traffic

import (
	"path"
	"slices"
	"strings"

	"github.com/ringfence/ringfence/manifest"
	"github.com/ringfence/ringfence/netpol"
)

// readClient finds the options by which a program is told to call the API server of
// the cluster in which it runs.
func (x *inference) readClient(w *netpol.Workload) {
	for _, list := range []string{"initContainers", "containers"} {
		for i, c := range manifest.Items(w.PodSpec, list) {
			for j, item := range manifest.Items(c, "env") {
				if isClientVariable(manifest.Text(item, "name")) {
					x.client(w, manifest.Text(item, "name"), "env", list, i, "env", j)
				}
			}
			for _, field := range []string{"command", "args"} {
				for j, text := range texts(c, field) {
					if option, ok := clientOption(text); ok {
						x.client(w, option, "argument", list, i, field, j)
					}
				}
			}
		}
	}
}

func (x *inference) client(w *netpol.Workload, text, kind string, path ...any) {
	x.add(End{Workload: w}, End{External: APIServer}, apiPort, netpol.TCP, Evidence{
		Kind: kind, Origin: w.Source.At(w.Path(append([]any{"spec"}, path...)...)...), Text: text, Confidence: Medium,
	})
}

// isClientVariable tells whether a variable is the one from which clients take the
// address of the API server. kubelet sets it for every pod; one that is set by hand
// is meant
// (https://kubernetes.io/docs/tasks/run-application/access-api-from-pod/).
func isClientVariable(name string) bool { return name == "KUBERNETES_SERVICE_HOST" }

// clientOption finds an option of a command line, which may be one string, that is
// about the API server.
func clientOption(text string) (option string, ok bool) {
	for line := range strings.Lines(text) {
		if program := strings.Fields(line); len(program) > 1 && path.Base(program[0]) == "kubectl" {
			return "kubectl " + program[1], true
		}
	}
	for _, field := range strings.Fields(text) {
		if !strings.HasPrefix(field, "-") {
			continue
		}
		flag, value, given := strings.Cut(strings.TrimLeft(field, "-"), "=")
		if isClientFlag(words(flag), value, given) {
			return shown(field), true
		}
	}
	return "", false
}

// isClientFlag knows --in-cluster and the like, --kubeconfig= without a file, and
// --apiserver-host, --kube-api-server and the like.
func isClientFlag(flag []string, value string, given bool) bool {
	if len(flag) == 0 || value == "false" {
		return false
	}
	last := flag[len(flag)-1]
	inCluster := slices.Contains(flag, "incluster") || slices.Contains(flag, "in") && slices.Contains(flag, "cluster")
	switch {
	case inCluster && slices.Contains([]string{"cluster", "incluster", "config"}, last):
		return true
	case given && value == "" && last == "kubeconfig":
		return true
	}
	isAPI := slices.Contains(flag, "apiserver") || hasWord(flag, "kube", "kubernetes", "k8s") && hasWord(flag, "api", "apiserver")
	return isAPI && slices.Contains([]string{"apiserver", "server", "host", "url", "address", "endpoint", "api"}, last)
}
