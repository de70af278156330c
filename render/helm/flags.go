package helm

import (
	"fmt"

	"helm.sh/helm/v3/pkg/chartutil"
	"helm.sh/helm/v3/pkg/strvals"
)

// CheckSet tells what is wrong with an expression as for helm --set.
func CheckSet(expression string) error {
	_, err := strvals.Parse(expression)
	return err
}

// CheckKubeVersion tells what is wrong with a version of Kubernetes.
func CheckKubeVersion(version string) error {
	if _, err := chartutil.ParseKubeVersion(version); err != nil {
		return fmt.Errorf("%q is no version of Kubernetes such as %q", version, "1.34")
	}
	return nil
}

// CheckReleaseName tells what is wrong with a release name.
func CheckReleaseName(name string) error { return chartutil.ValidateReleaseName(name) }
