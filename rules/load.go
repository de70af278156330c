package rules

import (
	"context"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/rego"
)

//go:embed *.rego schema.json
var files embed.FS

// The packages of Rego. A rule has one of its own below rulePackage; what
// several rules share lies in libPackage or below it.
const (
	rulePackage = "data.ringfence.rules."
	libPackage  = "data.ringfence.lib"
	testSuffix  = "_test.rego"

	factsForTests = "model_test.rego"
)

// query asks every rule for its findings at once.
const query = `{id: findings | findings := data.ringfence.rules[id].findings}`

// Set is a compiled set of rules. It may be used by several goroutines.
type Set struct {
	rules    []*Rule // by id
	modules  map[string]*ast.Module
	tests    map[string]*ast.Module
	prepared rego.PreparedEvalQuery
	compiler *ast.Compiler
	patience time.Duration // with rules of users
}

// Schema returns the JSON Schema of the document that rules read.
func Schema() []byte {
	data, err := files.ReadFile("schema.json")
	if err != nil {
		panic(err) // it is embedded
	}
	return data
}

// Folder holds rules of users.
type Folder struct {
	Name string // for errors, such as "policies/rules"
	FS   fs.FS  // of which only the top is read
}

// Load compiles the built-in rules and those of users, which keep the same contract.
// The error names the file and the line that break it.
func Load(ctx context.Context, user ...Folder) (*Set, error) {
	s := &Set{modules: map[string]*ast.Module{}, tests: map[string]*ast.Module{}, compiler: newCompiler(), patience: patience}
	if err := s.read(Folder{FS: files}); err != nil {
		return nil, err
	}
	if len(user) > 0 {
		// Who has rules of their own tests those, with the facts for tests.
		maps.DeleteFunc(s.tests, func(name string, _ *ast.Module) bool { return name != factsForTests })
	}
	for _, folder := range user {
		before := len(s.modules)
		if err := s.read(folder); err != nil {
			return nil, err
		}
		if len(s.modules) == before {
			return nil, fmt.Errorf("%s: there are no rules in this folder; those in folders below it are not read", folder.Name)
		}
	}
	if err := s.index(); err != nil {
		return nil, err
	}
	if s.compiler.Compile(s.modules); s.compiler.Failed() {
		return nil, s.compiler.Errors
	}
	var err error
	s.prepared, err = s.prepare(ctx, query)
	return s, err
}

func (s *Set) prepare(ctx context.Context, query string) (rego.PreparedEvalQuery, error) {
	prepared, err := rego.New(rego.Compiler(s.compiler), rego.Query(query), rego.StrictBuiltinErrors(true)).PrepareForEval(ctx)
	if err != nil {
		return prepared, fmt.Errorf("prepare rules: %w", err)
	}
	return prepared, nil
}

// Rules returns the rules, by id.
func (s *Set) Rules() []*Rule { return slices.Clone(s.rules) }

// Rule returns the rule with the id, nil where there is none.
func (s *Set) Rule(id string) *Rule {
	i, found := slices.BinarySearchFunc(s.rules, id, func(r *Rule, id string) int {
		return strings.Compare(r.ID, id)
	})
	if !found {
		return nil
	}
	return s.rules[i]
}

// read parses the Rego files of one folder.
func (s *Set) read(folder Folder) error {
	names, err := fs.Glob(folder.FS, "*.rego")
	if err != nil {
		return err
	}
	for _, name := range names {
		text, err := fs.ReadFile(folder.FS, name)
		if err != nil {
			return fmt.Errorf("read rule: %w", err)
		}
		file := name
		if folder.Name != "" {
			file = folder.Name + "/" + name // never the name of a built-in file
		}
		module, err := ast.ParseModuleWithOpts(file, string(text), ast.ParserOptions{ProcessAnnotation: true})
		if err != nil {
			return err
		}
		if module == nil {
			return fmt.Errorf("%s: empty file", file)
		}
		if strings.HasSuffix(name, testSuffix) {
			s.tests[file] = module
		} else {
			s.modules[file] = module
		}
	}
	return nil
}

// index checks the contract of every module and collects the rules.
func (s *Set) index() error {
	var errs []error
	owner := map[string]string{} // package → file
	for _, file := range slices.Sorted(maps.Keys(s.modules)) {
		module := s.modules[file]
		pkg := module.Package.Path.String()
		if first, taken := owner[pkg]; taken {
			errs = append(errs, fmt.Errorf("%s:%d: package %q is that of %s", file, module.Package.Loc().Row, pkg, first))
			continue
		}
		owner[pkg] = file
		rule, err := readModule(file, module)
		if err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", contractLine(file, module), err))
		} else if rule != nil {
			_, builtin := fs.Stat(files, file)
			rule.Own = builtin != nil
			s.rules = append(s.rules, rule)
		}
	}
	slices.SortFunc(s.rules, func(a, b *Rule) int { return strings.Compare(a.ID, b.ID) })
	return errors.Join(errs...)
}

// contractLine is the place of a module's METADATA, or of its package line where it has none.
func contractLine(file string, module *ast.Module) string {
	line := module.Package.Loc().Row
	if meta := packageAnnotations(module); meta != nil {
		line = meta.Loc().Row
	}
	return fmt.Sprintf("%s:%d", file, line)
}

// newCompiler returns a compiler that refuses unused variables and imports,
// fields that the schema does not have, and functions that are not pure.
func newCompiler() *ast.Compiler {
	var schema any
	if err := json.Unmarshal(Schema(), &schema); err != nil {
		panic(err) // it is embedded
	}
	schemas := ast.NewSchemaSet()
	schemas.Put(ast.MustParseRef(schemaName), schema)
	return ast.NewCompiler().
		WithStrict(true).
		WithSchemas(schemas).
		WithUseTypeCheckAnnotations(true).
		WithCapabilities(capabilities())
}

// capabilities returns OPA's functions without those that reach the network, the
// machine, the clock or chance, and those that only make sense inside OPA.
func capabilities() *ast.Capabilities {
	c := ast.CapabilitiesForThisVersion()
	c.AllowNet = []string{}
	c.Builtins = slices.DeleteFunc(c.Builtins, func(b *ast.Builtin) bool {
		return b.Nondeterministic || slices.Contains([]string{
			"providers.aws.sign_req", "rego.metadata.chain", "rego.metadata.rule", "rego.parse_module", "trace",
		}, b.Name)
	})
	return c
}
