package manifest

import "strings"

// IsHelmTest tells whether an object only exists while somebody runs helm test; what
// applies charts leaves it out: https://helm.sh/docs/topics/chart_tests/
func (o *Object) IsHelmTest() bool {
	hooks := Text(o.Data, "metadata", "annotations", "helm.sh/hook")
	if hooks == "" {
		return false
	}
	for hook := range strings.SplitSeq(hooks, ",") {
		if hook = strings.TrimSpace(hook); hook != "test" && hook != "test-success" && hook != "test-failure" {
			return false
		}
	}
	return true
}
