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
)

// query asks every rule for its findings at once.
const query = `{id: findings | findings := data.ringfence.rules[id].findings}`

// Set is a compiled set of rules. It may be used by several goroutines.
type Set struct {
	rules    []*Rule // by id
	modules  map[string]*ast.Module
	tests    map[string]*ast.Module
	prepared rego.PreparedEvalQuery
}

// Builtin returns the files of the rules that ship with ringfence.
func Builtin() fs.FS { return files }

// Schema returns the JSON Schema of the document that rules read.
func Schema() []byte {
	data, err := files.ReadFile("schema.json")
	if err != nil {
		panic(err) // it is embedded
	}
	return data
}

// Load compiles the built-in rules and those in the top folder of each given
// file system, which keep the same contract. The error names the file that breaks it.
func Load(ctx context.Context, user ...fs.FS) (*Set, error) {
	s := &Set{modules: map[string]*ast.Module{}, tests: map[string]*ast.Module{}}
	for i, fsys := range append([]fs.FS{files}, user...) {
		prefix := ""
		if i > 0 {
			prefix = fmt.Sprintf("rules %d/", i)
		}
		if err := s.read(fsys, prefix); err != nil {
			return nil, err
		}
		if i == 0 && len(user) > 0 {
			clear(s.tests) // who has rules of their own tests those
		}
	}
	if err := s.index(); err != nil {
		return nil, err
	}
	compiler := newCompiler()
	if compiler.Compile(s.modules); compiler.Failed() {
		return nil, compiler.Errors
	}
	var err error
	s.prepared, err = rego.New(
		rego.Compiler(compiler),
		rego.Query(query),
		rego.StrictBuiltinErrors(true),
	).PrepareForEval(ctx)
	if err != nil {
		return nil, fmt.Errorf("prepare rules: %w", err)
	}
	return s, nil
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

// read parses the Rego files of one folder; prefix tells folders apart in errors.
func (s *Set) read(fsys fs.FS, prefix string) error {
	names, err := fs.Glob(fsys, "*.rego")
	if err != nil {
		return err
	}
	for _, name := range names {
		text, err := fs.ReadFile(fsys, name)
		if err != nil {
			return fmt.Errorf("read rule: %w", err)
		}
		module, err := ast.ParseModuleWithOpts(prefix+name, string(text), ast.ParserOptions{ProcessAnnotation: true})
		if err != nil {
			return err
		}
		if module == nil {
			return fmt.Errorf("%s%s: empty file", prefix, name)
		}
		if strings.HasSuffix(name, testSuffix) {
			s.tests[prefix+name] = module
		} else {
			s.modules[prefix+name] = module
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
			errs = append(errs, fmt.Errorf("%s: package %q is that of %s", file, pkg, first))
			continue
		}
		owner[pkg] = file
		rule, err := readModule(file, module)
		if err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", file, err))
		} else if rule != nil {
			s.rules = append(s.rules, rule)
		}
	}
	slices.SortFunc(s.rules, func(a, b *Rule) int { return strings.Compare(a.ID, b.ID) })
	return errors.Join(errs...)
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
