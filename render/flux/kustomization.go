package flux

import (
	"cmp"
	"fmt"

	kustomizev1 "github.com/fluxcd/kustomize-controller/api/v1"
	fluxkustomize "github.com/fluxcd/pkg/apis/kustomize"
	"github.com/fluxcd/pkg/apis/meta"

	"github.com/ringfence/ringfence/manifest"
)

// A Kustomization applies a folder of a source.
type Kustomization struct {
	*manifest.Object
	Spec kustomizationSpec
}

// kustomizationSpec is the spec of every version: that of v1, and what v1beta2 had
// besides.
type kustomizationSpec struct {
	kustomizev1.KustomizationSpec
	PatchesStrategicMerge []map[string]any              `json:"patchesStrategicMerge,omitempty"`
	PatchesJSON6902       []fluxkustomize.JSON6902Patch `json:"patchesJson6902,omitempty"`
	Validation            string                        `json:"validation,omitempty"`
}

func (c *Cluster) readKustomization(o *manifest.Object) {
	k := &Kustomization{Object: o}
	if o.Kind == "Kustomization" && c.decode(o, &k.Spec) {
		c.Kustomizations = append(c.Kustomizations, k)
	}
}

func (k *Kustomization) source() sourceRef {
	ref := k.Spec.SourceRef
	return sourceRef{kind: ref.Kind, name: ref.Name, namespace: cmp.Or(ref.Namespace, k.Namespace), named: k.At("spec", "sourceRef").Pos}
}

// Locate finds the folder of the repository that the Kustomization applies. The
// gap tells why there is none.
func (c *Cluster) Locate(k *Kustomization) (Place, *manifest.Gap) {
	place, gap := c.locate(k.source(), k.Spec.Path, c.repo.IsDir)
	if gap != nil {
		gap.Reason = fmt.Sprintf("%s applies what is not rendered: %s", name(k.Object), gap.Reason)
		if gap.Pos = k.At("spec", "sourceRef").Pos; gap.Code == manifest.MissingFile {
			gap.Pos = k.At("spec", "path").Pos
		}
	}
	return place, gap
}

// RemoteCluster names the cluster that the Kustomization applies to, empty for
// the one that it is in itself.
func (k *Kustomization) RemoteCluster() string { return remoteCluster(k.Spec.KubeConfig) }

func remoteCluster(config *meta.KubeConfigReference) string {
	switch {
	case config == nil:
		return ""
	case config.SecretRef != nil:
		return config.SecretRef.Name
	case config.ConfigMapRef != nil:
		return config.ConfigMapRef.Name
	default:
		return ""
	}
}

// PathOf is the path that a Kustomization names, empty for other objects and where
// it names none.
func PathOf(o *manifest.Object) string {
	if text := manifest.Text(o.Data, "spec", "path"); o.Group == kustomizeGroup && text != "" {
		return clean(text)
	}
	return ""
}
