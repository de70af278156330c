package place

import (
	"errors"
	"io/fs"
	"path"
	"slices"

	"github.com/ringfence/ringfence/render/kustomize"
	"github.com/ringfence/ringfence/render/source"
)

// Lost returns generated files that kustomizations list and that are not there, as empty
// files: without them kustomize would refuse what New is to plan for. A plan takes an
// empty file for none. Only kustomizations that were read are looked at.
func Lost(tree *source.Tree) map[string][]byte {
	lost := make(map[string][]byte)
	for _, name := range tree.Mentioning(FileName) {
		dir := path.Dir(name)
		if own, ok := kustomize.FileIn(tree, dir); !ok || own != name || tree.MountOf(dir) != "" {
			continue
		}
		text, err := tree.ReadFile(name)
		if err != nil {
			continue // rendering it says why
		}
		list, err := resourcesOf(text)
		if err != nil || list == nil || !slices.ContainsFunc(values(list), func(v string) bool { return isEntry(v, FileName) }) {
			continue
		}
		file := path.Join(dir, FileName)
		if _, err := tree.Stat(file); errors.Is(err, fs.ErrNotExist) {
			lost[file] = []byte{}
		}
	}
	return lost
}
