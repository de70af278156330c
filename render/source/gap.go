package source

import (
	"errors"
	"io/fs"

	"github.com/ringfence/ringfence/manifest"
)

// Gap says why a file could not be read.
func Gap(name string, err error) manifest.Gap {
	gap := manifest.Gap{Pos: manifest.Pos{File: name}, Code: manifest.UnreadableFile, Reason: err.Error()}
	var pathErr *fs.PathError
	if errors.As(err, &pathErr) {
		gap.Reason = pathErr.Err.Error()
	}
	switch {
	case errors.Is(err, ErrOutside):
		gap.Code, gap.Reason = manifest.OutsideRepository, "the path leaves the repository"
	case errors.Is(err, ErrTooLarge):
		gap.Code = manifest.FileTooLarge
	case errors.Is(err, fs.ErrNotExist):
		gap.Code, gap.Reason = manifest.MissingFile, "does not exist"
	}
	return gap
}
