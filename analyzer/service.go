package analyzer

import (
	"slices"

	"github.com/ringfence/ringfence/netpol"
)

// service is what rules see of a Service that selects pods; ok is false for another.
func (f *facts) service(s *netpol.Service) (fact serviceFact, ok bool) {
	if s.Selector.IsEmpty() || s.Type == "ExternalName" {
		return fact, false
	}
	own := f.cluster.Namespace(s.Namespace)
	backends := f.cluster.Backends(s)
	fact = serviceFact{
		ID:                 f.places.object(s.Source),
		Title:              title(s.Ref),
		Private:            own.Private,
		Selector:           s.Selector.String(),
		Backends:           f.workloadIDs(backends),
		Nearly:             []int{},
		Akin:               []int{},
		NamespaceWorkloads: known(own, own),
		ControllerLabels:   f.asksForGivenLabels(s.Selector),
		OperatorPods:       f.operators.pods([]*netpol.Namespace{own}, s.Selector),
		MissingTargets:     []missingTargetFact{},
	}
	if len(backends) == 0 {
		f.addOthers(&fact, s, own)
	}
	fact.MissingTargets = append(fact.MissingTargets, missingTargets(s, backends)...)
	return fact, true
}

// missingTargets are the target ports that no backend declares. The name of a headless
// Service leads to the pods, whatever its ports.
func missingTargets(s *netpol.Service, backends []*netpol.Workload) []missingTargetFact {
	// The test of a chart often has the labels of what it tests.
	backends = slices.DeleteFunc(backends, func(w *netpol.Workload) bool { return w.Source.IsHelmTest() })
	if len(backends) == 0 || s.Headless {
		return nil
	}
	var missing []missingTargetFact
	for _, p := range s.Ports {
		if p.TargetName != "" && !slices.ContainsFunc(backends, func(w *netpol.Workload) bool { return w.Operated != nil || p.On(w) != 0 }) {
			missing = append(missing, missingTargetFact{
				Path: append(p.Path(), "targetPort"), Port: p.Number, Name: p.TargetName, Protocol: string(p.Protocol),
			})
		}
	}
	return missing
}

// addOthers adds the workloads that may be meant by a Service that selects none.
func (f *facts) addOthers(fact *serviceFact, s *netpol.Service, own *netpol.Namespace) {
	for _, w := range own.Workloads() {
		switch {
		case nearlyMatches(s.Selector, w):
			fact.Nearly = append(fact.Nearly, f.places.object(w.Source))
		case w.Name == s.Name, slices.ContainsFunc(s.Selector.Requirements, func(r netpol.Requirement) bool {
			return !slices.Contains(labelsOfAll, r.Key) && r.Matches(w.Labels)
		}):
			fact.Akin = append(fact.Akin, f.places.object(w.Source))
		}
	}
}

// labelsOfAll are those that a chart gives to all of its objects, so that two which have
// one in common need not have to do with each other
// (https://helm.sh/docs/chart_best_practices/labels/).
var labelsOfAll = []string{
	"app.kubernetes.io/instance", "app.kubernetes.io/managed-by", "app.kubernetes.io/part-of", "app.kubernetes.io/version",
	"helm.sh/chart", "chart", "heritage", "release",
}

// nearlyMatches tells whether a workload has some of the labels that a selector asks
// for, and lacks the others, which programs may give to their pods while they run, such
// as the one that leads. A label of another value is another one.
func nearlyMatches(s netpol.Selector, w *netpol.Workload) bool {
	some := false
	for _, r := range s.Requirements {
		if _, has := w.Labels[r.Key]; !has {
			continue
		}
		if !r.Matches(w.Labels) {
			return false
		}
		some = true
	}
	return some
}
