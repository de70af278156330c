package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

func TestMain(m *testing.M) {
	spend()
	testscript.Main(ownProcess{m}, map[string]func(){"ringfence": main})
}

// ownProcess runs the tests as the program runs: its libraries silent before
// anything is parallel, and with a cache of the tests' own instead of the user's.
type ownProcess struct{ *testing.M }

func (m ownProcess) Run() int {
	silence()
	dir, err := os.MkdirTemp("", "ringfence-test-")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir)
	if users, err := os.UserCacheDir(); err == nil && os.Getenv("GOCACHE") == "" { // Go's own stays where it is
		os.Setenv("GOCACHE", filepath.Join(users, "go-build"))
	}
	os.Setenv("XDG_CACHE_HOME", dir)
	return m.M.Run()
}

// TestScripts runs the scripts that test the command line. Besides testscript's
// own commands they have
//
//	exits CODE COMMAND [ARG…]   the command ends with that exit code
//	want REPORT.json            the findings are those of comments such as # want rule-id "part of the message"
//
// and the condition [shared], which holds where RINGFENCE_SHARED names the folder
// of the corpus.
func TestScripts(t *testing.T) {
	shared := os.Getenv("RINGFENCE_SHARED")
	testscript.Run(t, testscript.Params{
		Dir: filepath.Join("..", "..", "testdata", "script"),
		Setup: func(env *testscript.Env) error {
			env.Setenv("RINGFENCE_SHARED", shared)
			env.Setenv("XDG_CACHE_HOME", os.Getenv("XDG_CACHE_HOME"))
			return nil
		},
		Condition: func(name string) (bool, error) {
			if name != "shared" {
				return false, fmt.Errorf("unknown condition %q", name)
			}
			return shared != "", nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exits": exits,
			"want":  want,
		},
		RequireUniqueNames: true,
	})
}

func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits CODE COMMAND [ARG…]")
	}
	wanted, err := strconv.Atoi(args[0])
	ts.Check(err)
	code := 0
	err = ts.Exec(args[1], args[2:]...)
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		code = exit.ExitCode()
	} else {
		ts.Check(err)
	}
	if code != wanted {
		ts.Fatalf("exit code %d, want %d", code, wanted)
	}
}

type expectation struct {
	place   string // file:line: rule
	message string // a part of it
}

// want compares the findings of a JSON report with the comments of all files
// below the script's directory, in both directions.
func want(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: want REPORT.json")
	}
	var report struct {
		Findings []struct {
			Rule, File, Message string
			Line                int
		}
	}
	ts.Check(json.Unmarshal([]byte(ts.ReadFile(args[0])), &report))
	expected := expectations(ts, ts.MkAbs("."))
	var problems []string
	for _, f := range report.Findings {
		place := fmt.Sprintf("%s:%d: %s", f.File, f.Line, f.Rule)
		i := slices.IndexFunc(expected, func(e expectation) bool {
			return e.place == place && strings.Contains(f.Message, e.message)
		})
		if i < 0 {
			problems = append(problems, fmt.Sprintf("found and not wanted: %s: %s", place, f.Message))
			continue
		}
		expected = slices.Delete(expected, i, i+1)
	}
	for _, e := range expected {
		problems = append(problems, fmt.Sprintf("wanted and not found: %s: %q", e.place, e.message))
	}
	if len(problems) > 0 {
		ts.Fatalf("%s", strings.Join(problems, "\n"))
	}
}

func expectations(ts *testscript.TestScript, dir string) []expectation {
	var found []expectation
	ts.Check(filepath.WalkDir(dir, func(file string, entry os.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		data, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(dir, file)
		for i, line := range strings.Split(string(data), "\n") {
			comment := wantedLine.FindStringSubmatch(line)
			if comment == nil {
				continue
			}
			for _, item := range wantedItem.FindAllStringSubmatch(comment[1], -1) {
				found = append(found, expectation{fmt.Sprintf("%s:%d: %s", filepath.ToSlash(rel), i+1, item[1]), item[2]})
			}
		}
		return err
	}))
	return found
}
