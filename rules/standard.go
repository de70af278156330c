package rules

import (
	"fmt"
	"strings"
)

// Mapping names the parts of well-known standards that ask for what a rule checks.
type Mapping struct {
	CIS   []string // recommendations of the CIS Kubernetes Benchmark, such as "5.3.2"
	NSA   []string // sections of the Kubernetes Hardening Guide of NSA and CISA, 1.2
	MITRE []string // techniques of ATT&CK that the defect helps, such as "T1046"
}

// The addresses of the standards that have one document.
const (
	cisAddress = "https://www.cisecurity.org/benchmark/kubernetes"
	nsaAddress = "https://media.defense.gov/2022/Aug/29/2003066362/-1/-1/0/CTR_KUBERNETES_HARDENING_GUIDANCE_1.2_20220829.PDF"
)

// titles names what the identifiers of standards stand for: recommendations of the
// benchmark from 1.7 on, and techniques.
var titles = map[string]string{
	"5.2.5":     "Minimize the admission of containers wishing to share the host network namespace",
	"5.3.1":     "Ensure that the CNI in use supports NetworkPolicies",
	"5.3.2":     "Ensure that all Namespaces have NetworkPolicies defined",
	"T1046":     "Network Service Discovery",
	"T1048":     "Exfiltration Over Alternative Protocol",
	"T1071.004": "Application Layer Protocol: DNS",
	"T1552.005": "Unsecured Credentials: Cloud Instance Metadata API",
}

// lines returns the mapping as a list in Markdown.
func (m Mapping) lines() string {
	var b strings.Builder
	for _, id := range m.CIS {
		fmt.Fprintf(&b, "- [CIS Kubernetes Benchmark](%s) %s\n", cisAddress, titled(id))
	}
	for _, section := range m.NSA {
		fmt.Fprintf(&b, "- [NSA/CISA Kubernetes Hardening Guide 1.2](%s): %s\n", nsaAddress, section)
	}
	for _, id := range m.MITRE {
		address := "https://attack.mitre.org/techniques/" + strings.ReplaceAll(id, ".", "/") + "/"
		fmt.Fprintf(&b, "- [MITRE ATT&CK](%s) %s\n", address, titled(id))
	}
	return strings.TrimRight(b.String(), "\n")
}

func titled(id string) string {
	if title := titles[id]; title != "" {
		return id + ": " + title
	}
	return id
}
