package main

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strconv"

	"github.com/ringfence/ringfence/render"
	"github.com/ringfence/ringfence/report"
)

// shard is one of the parts that the environments of a repository are split into. An
// environment is never split, and its name alone decides where it goes: so both states
// of a change have it in the same part.
type shard struct{ number, of int }

var shardForm = regexp.MustCompile(`^([1-9]\d{0,3})/([1-9]\d{0,3})$`)

// parseShard reads "2/3"; the empty string is all of it.
func parseShard(text string) (shard, error) {
	if text == "" {
		return shard{1, 1}, nil
	}
	parts := shardForm.FindStringSubmatch(text)
	if parts == nil {
		return shard{}, usagef("--shard %q: want its number and how many there are, such as 2/3", text)
	}
	number, _ := strconv.Atoi(parts[1])
	of, _ := strconv.Atoi(parts[2])
	if number > of {
		return shard{}, usagef("--shard %q: there are only %d", text, of)
	}
	return shard{number, of}, nil
}

func (s shard) holds(environment string) bool {
	sum := sha256.Sum256([]byte(environment))
	return binary.BigEndian.Uint64(sum[:])%uint64(s.of) == uint64(s.number-1)
}

// shardItem is a part that holds something, as a job of a matrix.
type shardItem struct {
	Shard        string   `json:"shard"`
	Environments []string `json:"environments"`
	Targets      int      `json:"targets"`
}

// shardsOf lists the parts that hold something.
func shardsOf(environments []render.Environment, of int) []shardItem {
	items := []shardItem{}
	for number := 1; number <= of; number++ {
		item := shardItem{Shard: fmt.Sprintf("%d/%d", number, of)}
		for _, e := range environments {
			if (shard{number, of}).holds(e.Name) {
				item.Environments = append(item.Environments, e.Name)
				item.Targets += len(e.Results)
			}
		}
		if len(item.Environments) > 0 {
			items = append(items, item)
		}
	}
	return items
}

// writeShards writes the parts as text, or as JSON in one line, which an output of a step
// takes.
func writeShards(out io.Writer, items []shardItem, asJSON bool) error {
	if asJSON {
		return json.NewEncoder(out).Encode(items)
	}
	for _, item := range items {
		if _, err := fmt.Fprintf(out, "%s: %s in %s\n", item.Shard, report.Counted(item.Targets, "target", "targets"),
			report.Some(item.Environments, len(item.Environments))); err != nil {
			return err
		}
	}
	return nil
}

// isSelected tells whether flags select an environment.
func (s *selection) isSelected(environment string) bool {
	part, err := parseShard(s.shard)
	return err == nil && part.holds(environment) && (len(s.environment) == 0 || slices.Contains(s.environment, environment))
}
