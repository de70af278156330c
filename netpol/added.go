package netpol

import (
	"slices"
	"strings"
)

// addedLabels are labels that controllers add to the pods that they make, with the
// kinds of those that do
// (https://kubernetes.io/docs/reference/labels-annotations-taints/).
var addedLabels = map[string][]string{
	"apps.kubernetes.io/pod-index":             {"StatefulSet"},
	"batch.kubernetes.io/controller-uid":       {"Job", "CronJob"},
	"batch.kubernetes.io/job-completion-index": {"Job", "CronJob"},
	"batch.kubernetes.io/job-name":             {"Job", "CronJob"},
	"controller-revision-hash":                 {"DaemonSet", "StatefulSet"},
	"controller-uid":                           {"Job", "CronJob"},
	"job-name":                                 {"Job", "CronJob"},
	"pod-template-generation":                  {"DaemonSet"},
	"pod-template-hash":                        {"Deployment"},
	"rollouts-pod-template-hash":               {"Rollout"},
	"statefulset.kubernetes.io/pod-name":       {"StatefulSet"},
}

// runtimeLabels are labels that other programs give to pods while they run.
//
//   - https://spark.apache.org/docs/latest/running-on-kubernetes.html
//   - https://postgres-operator.readthedocs.io/en/latest/reference/operator_parameters/
var runtimeLabels = []string{"spark-app-selector", "spark-role", "spilo-role"}

// IsGivenLabel tells whether programs give a label to pods, so that no template holds it.
func IsGivenLabel(key string) bool {
	return addedLabels[key] != nil || slices.Contains(runtimeLabels, key)
}

// adds tells whether the controller of a workload adds a label to its pods.
func (w *Workload) adds(key string) bool {
	_, written := w.Labels[key]
	return !written && slices.Contains(addedLabels[key], w.Kind)
}

// mayAdd tells whether it may add the label with a value to one of them.
func (w *Workload) mayAdd(key, value string) bool {
	if !w.adds(key) {
		return false
	}
	switch key {
	case "statefulset.kubernetes.io/pod-name":
		return isNumbered(value, w.Name)
	case "job-name", "batch.kubernetes.io/job-name":
		return w.Kind == "Job" && value == w.Name || w.Kind == "CronJob" && isNumbered(value, w.Name)
	default:
		return true
	}
}

// isNumbered tells whether a name is another one with a number.
func isNumbered(name, prefix string) bool {
	number, found := strings.CutPrefix(name, prefix+"-")
	return found && number != "" && strings.Trim(number, "0123456789") == ""
}

// added returns the keys of labels that controllers add.
func (s *Selector) added() []string {
	var keys []string
	for i := range s.Requirements {
		if key := s.Requirements[i].Key; addedLabels[key] != nil {
			keys = append(keys, key)
		}
	}
	return keys
}

// without returns the selector without its requirements on some keys.
func (s *Selector) without(keys []string) Selector {
	return Selector{invalid: s.invalid, Requirements: slices.DeleteFunc(slices.Clone(s.Requirements), func(r Requirement) bool {
		return slices.Contains(keys, r.Key)
	})}
}

// mayMatch tells whether the selector matches some pods of a workload, if its
// controller adds the labels for that.
func (s *Selector) mayMatch(w *Workload) bool {
	for i := range s.Requirements {
		r := &s.Requirements[i]
		mayAdd := func(value string) bool { return w.mayAdd(r.Key, value) }
		if !r.Matches(w.Labels) && (r.Operator != In || !slices.ContainsFunc(r.Values, mayAdd)) {
			return false
		}
	}
	return !s.invalid
}

// asksForAdded tells whether a selector of the policy asks for a label that controllers
// add.
func (p *Policy) asksForAdded() bool {
	for item := range p.items {
		if item.PodSelector != nil && item.PodSelector.added() != nil {
			return true
		}
	}
	return p.Selector.added() != nil
}

// doubtAdded doubts what selectors say of labels that controllers add: a policy that
// uses one may select some pods of a workload only.
func (c *Cluster) doubtAdded(policies []*Policy) {
	for _, p := range policies {
		if keys := p.Selector.added(); keys != nil {
			c.doubtSelected(p, keys)
		}
	}
	for item := range itemsOf(policies) {
		if item.PodSelector == nil {
			continue
		}
		for _, key := range item.PodSelector.added() {
			if slices.ContainsFunc(c.Workloads, func(w *Workload) bool { return w.adds(key) }) {
				item.Rule.doubt("controllers add the label "+key, item.Path()...)
			}
		}
	}
}

// doubtSelected doubts which workloads a policy selects whose selector has some keys.
func (c *Cluster) doubtSelected(p *Policy, keys []string) {
	wider := *p
	wider.Selector = p.Selector.without(keys)
	for _, i := range c.selection(c.index, &wider).workloads {
		w := c.Workloads[i]
		if at := slices.IndexFunc(keys, w.adds); at >= 0 {
			w.doubts = append(w.doubts, Doubt{Policy: p, Reason: "controllers add the label " + keys[at], path: p.SelectorPath()})
		}
	}
}
