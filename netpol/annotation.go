package netpol

import "github.com/ringfence/ringfence/manifest"

// Annotations by which policies explain why they are as open as they are.
const (
	OpenBecause = "ringfence.dev/open-because" // why rules name nobody
	Outside     = "ringfence.dev/outside"      // the host names that address blocks stand for
)

// Explained tells whether an annotation says why the policy is as open as it is.
func (p *Policy) Explained() bool {
	annotations := manifest.Mapping(p.Source.Data, "metadata", "annotations")
	return manifest.Text(annotations, OpenBecause) != "" || manifest.Text(annotations, Outside) != ""
}
