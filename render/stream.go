package render

import (
	"github.com/ringfence/ringfence/manifest"
)

// StreamFile is the name that positions in standard input carry.
const StreamFile = "<stdin>"

// FromStream reads rendered YAML that the user pipes in.
func (r *Repository) FromStream(data []byte) Result {
	result := Result{Target: Target{
		Name: StreamFile, Kind: Stream, Dir: ".", Scope: StreamFile, Pos: manifest.Pos{File: StreamFile, Line: 1},
	}}
	result.Objects, result.Gaps = manifest.Parse(StreamFile, data)
	if len(result.Objects)+len(result.Gaps) == 0 {
		result.Gaps = []Gap{{Pos: result.Pos, Code: manifest.NothingFound, Reason: "no manifests on standard input"}}
	}
	r.place(&result)
	return result
}
