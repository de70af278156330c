package render

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/ringfence/ringfence/config"
	"github.com/ringfence/ringfence/manifest"
	"github.com/ringfence/ringfence/render/helm"
)

// configure applies the configuration: a target that it declares replaces what
// was found in that folder, and environments that it names win over the path.
func (f *finder) configure(dirs []string) {
	cfg := f.opts.Config
	if cfg == nil {
		return
	}
	for i := range f.targets {
		f.targets[i].claim(cfg)
	}
	replaced := make(map[string]bool)
	for _, declared := range cfg.Targets {
		if !slices.ContainsFunc(dirs, func(dir string) bool { return within(declared.Dir, dir) }) {
			continue
		}
		if !replaced[declared.Dir] {
			replaced[declared.Dir] = true
			f.targets = slices.DeleteFunc(f.targets, func(t Target) bool { return t.Dir == declared.Dir })
		}
		f.declare(declared)
	}
}

// configured is the reason of environments that the configuration names.
const configured = "configuration"

// claim sets the environments that name the target's folder.
func (t *Target) claim(cfg *config.Config) {
	if names := cfg.EnvironmentsOf(t.Dir); len(names) > 0 {
		t.Envs, t.Why = names, configured
	}
}

// declare adds a target of the configuration.
func (f *finder) declare(d config.Target) {
	t, ok := f.rooted(d.Dir)
	if !ok {
		f.gaps = append(f.gaps, Gap{
			Pos: d.Pos, Code: manifest.MissingFile,
			Reason: fmt.Sprintf("the configured target %q holds no kustomization, chart or manifests", d.Dir),
		})
		return
	}
	t.configured = true
	t.claim(f.opts.Config)
	if len(d.Environments) > 0 {
		t.Envs, t.Why = d.Environments, fmt.Sprintf("configuration, line %d", d.Line)
		t.Name = fmt.Sprintf("%s (%s)", d.Dir, d.Environments[0])
	}
	t.Namespace = d.Namespace
	t.Release = cmp.Or(d.Release, t.Release)
	t.Values, t.Set = nil, helm.Settings(d.Set)
	for _, name := range d.Values {
		t.Values = append(t.Values, helm.Values{Name: name})
	}
	t.KubeVersion, t.APIVersions = d.KubeVersion, d.APIVersions
	f.targets = append(f.targets, t)
}
