package render

import (
	"cmp"
	"strings"

	"github.com/ringfence/ringfence/manifest"
)

// HelmNamespace is what charts see as their release's namespace when
// nobody says which it is.
const HelmNamespace = "default"

// place says for every object in which namespace it lives. Data stays as
// rendered: only the reference changes.
func (r *Repository) place(result *Result) {
	known := cmp.Or(result.Namespace, r.opts.Namespace)
	target := cmp.Or(known, manifest.PrivateNamespace(result.Scope))
	for i, o := range result.Objects {
		switch {
		case isClusterScoped(o.Group, o.Kind):
			if o.Namespace != "" {
				result.Objects[i] = o.WithNamespace("")
			}
		case o.Namespace == "",
			// A chart that writes its release's namespace out names the private one.
			result.Kind == Helm && known == "" && o.Namespace == HelmNamespace:
			result.Objects[i] = o.WithNamespace(target)
		}
	}
}

// clusterScoped lists the built-in kinds without a namespace, by group. The
// scope of custom resources is not known and does not matter here.
var clusterScoped = map[string]string{
	"":                             "Namespace Node PersistentVolume ComponentStatus",
	"admissionregistration.k8s.io": "*",
	"apiextensions.k8s.io":         "*",
	"apiregistration.k8s.io":       "*",
	"certificates.k8s.io":          "CertificateSigningRequest ClusterTrustBundle",
	"flowcontrol.apiserver.k8s.io": "*",
	"networking.k8s.io":            "IngressClass IPAddress ServiceCIDR",
	"node.k8s.io":                  "*",
	"policy":                       "PodSecurityPolicy",
	"policy.networking.k8s.io":     "*",
	"rbac.authorization.k8s.io":    "ClusterRole ClusterRoleBinding",
	"scheduling.k8s.io":            "PriorityClass",
	"storage.k8s.io":               "StorageClass CSIDriver CSINode VolumeAttachment VolumeAttributesClass",
}

func isClusterScoped(group, kind string) bool {
	kinds := clusterScoped[group]
	return kinds == "*" || kinds != "" && strings.Contains(" "+kinds+" ", " "+kind+" ")
}
