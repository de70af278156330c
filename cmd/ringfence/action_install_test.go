package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// curl stands for the network: it writes the archive that lies beside it.
const curl = `#!/bin/sh
while [ "$1" != --output ]; do shift; done
cp "$(dirname "$0")/archive" "$2"
echo "fetched $3"
`

// TestActionInstallsRelease: an archive is unpacked only where its checksum is the one that
// the action's files have; without one for the machine, or in a fork, nothing is fetched.
func TestActionInstallsRelease(t *testing.T) {
	s := newScenarios(t)
	archive := archiveOf(t, "ringfence", "#!/bin/sh\necho \"released $*\"\n")
	sum := fmt.Sprintf("%x", sha256.Sum256(archive))
	const url = "https://github.com/ringfence/ringfence/releases/download/v1.2.3/ringfence_1.2.3_linux_amd64.tar.gz"
	for name, test := range map[string]struct {
		checksums, repository string
		fetches, builds, runs bool
	}{
		"release":         {"version 1.2.3\n" + sum + "  ringfence_1.2.3_linux_amd64.tar.gz\n", "ringfence/ringfence", true, false, true},
		"wrong checksum":  {"version 1.2.3\n" + strings.Repeat("0", 64) + "  ringfence_1.2.3_linux_amd64.tar.gz\n", "ringfence/ringfence", true, false, false},
		"other machine":   {"version 1.2.3\n" + sum + "  ringfence_1.2.3_darwin_arm64.tar.gz\n", "ringfence/ringfence", false, true, false},
		"no release":      {"# none yet\n", "ringfence/ringfence", false, true, false},
		"fork":            {"version 1.2.3\n" + sum + "  ringfence_1.2.3_linux_amd64.tar.gz\n", "stranger/ringfence", false, true, false},
		"hostile version": {"version 1.2.3; touch pwned\n", "ringfence/ringfence", false, true, false},
	} {
		t.Run(name, func(t *testing.T) {
			r := s.runner(t, t.TempDir(), push(), map[string]string{"curl": curl, "archive": string(archive)})
			r.temp = t.TempDir()
			r.env = append(r.env, "GITHUB_ACTION_REPOSITORY="+test.repository)
			r.copyAction(test.checksums)
			r.action.Runs.Steps = slices.DeleteFunc(r.action.Runs.Steps, func(s actionStep) bool { return s.Name == "Build" })
			r.run(nil)
			log := r.log.String()
			if got := strings.Contains(log, "fetched "+url); got != test.fetches {
				t.Errorf("fetches: %t", got)
			}
			if got := r.values["steps.install.outputs.build"] == "true"; got != test.builds || got != r.uses("actions/setup-go") {
				t.Errorf("builds: %t, uses %q", got, r.used)
			}
			if got := strings.Contains(log, "released check --github --gate=new --"); got != test.runs {
				t.Errorf("runs: %t", got)
			}
			if t.Failed() {
				t.Log(log)
			}
		})
	}
}

// TestActionWithoutGo: where there is no release and no Go either, it is said.
func TestActionWithoutGo(t *testing.T) {
	s := newScenarios(t)
	r := s.runner(t, t.TempDir(), push(), nil)
	r.temp, r.path = t.TempDir(), t.TempDir()
	for _, program := range []string{"bash", "dirname", "mkdir", "sed", "awk"} {
		file, err := exec.LookPath(program)
		if err == nil {
			err = os.Symlink(file, filepath.Join(r.path, program))
		}
		if err != nil {
			t.Skip(err)
		}
	}
	r.copyAction("# none yet\n")
	r.run(nil)
	const want = "::error title=ringfence::there is no release of this version of the action for Linux on X64, and no Go to build it with\n"
	if r.failed != "Build" || !strings.Contains(r.log.String(), want) || strings.Contains(r.log.String(), "== Check") {
		t.Errorf("%s failed:\n%s", r.failed, &r.log)
	}
}

// copyAction has the runner use a copy of the action's files with other checksums.
func (r *runner) copyAction(checksums string) {
	r.Helper()
	from := filepath.Join(r.root, ".github", "action")
	r.root = r.TempDir()
	to := filepath.Join(r.root, ".github", "action")
	if err := os.CopyFS(to, os.DirFS(from)); err != nil {
		r.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(to, "checksums.txt"), []byte(checksums), 0o600); err != nil {
		r.Fatal(err)
	}
}

func archiveOf(t *testing.T, name, text string) []byte {
	t.Helper()
	var out bytes.Buffer
	compressor := gzip.NewWriter(&out)
	archive := tar.NewWriter(compressor)
	err := archive.WriteHeader(&tar.Header{Name: name, Mode: 0o755, Size: int64(len(text))})
	if err == nil {
		_, err = archive.Write([]byte(text))
	}
	for _, close := range []func() error{archive.Close, compressor.Close} {
		if err == nil {
			err = close()
		}
	}
	if err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}
