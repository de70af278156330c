package analyzer

import (
	"regexp"
	"strings"
	"time"

	"github.com/ringfence/ringfence/manifest"
)

// SuppressionMark is the word by which comments that suppress are known.
const SuppressionMark = "ringfence:ignore"

// suppressionAnnotation holds one "rule-id: reason" per line.
const suppressionAnnotation = "ringfence.dev/ignore"

// Comment is a comment that suppresses what a rule finds in its own line or in those
// below it.
type Comment struct {
	manifest.Pos     // of the comment
	To           int // the last line that it covers
	statement
}

// statement is what a suppression says: a rule, why, and until when.
type statement struct {
	rule, reason string
	until        time.Time // the last day, at 0:00 UTC; zero: never ends
	fault        string    // what is wrong with it, empty for nothing
}

// The forms of comments, in YAML and in templates of charts, and what stands between
// them and the line that they are about.
var (
	yamlComment     = regexp.MustCompile(`(?:^|\s)#\s*` + SuppressionMark + `(?:\s+(.*))?$`)
	templateComment = regexp.MustCompile(`\{\{-?\s*/\*\s*` + SuppressionMark + `\s*(.*?)\s*\*/\s*-?\}\}`)
	passedOver      = regexp.MustCompile(`^\s*(#.*|---.*|\{\{-?\s*(/\*.*\*/|(if|else|end|with|range|define|block)\b[^}]*|\$[^}]*)\s*-?\}\})?\s*$`)
)

// Comments reads the comments of a file that suppress. One with a line of its own covers
// the lines down to the first with content; one behind content covers its line.
func Comments(file string, text []byte) []Comment {
	var comments []Comment
	open := 0 // the first comment that waits for content
	for i, line := range strings.Split(string(text), "\n") {
		line = strings.TrimSuffix(line, "\r")
		for _, form := range []*regexp.Regexp{yamlComment, templateComment} {
			if m := form.FindStringSubmatchIndex(line); m != nil {
				said := ""
				if m[2] >= 0 {
					said = line[m[2]:m[3]]
				}
				column := strings.Index(line, SuppressionMark)
				comments = append(comments, Comment{
					Pos:       manifest.Pos{File: file, Line: i + 1, Column: len([]rune(line[:column])) + 1},
					statement: parseStatement(said),
				})
				break
			}
		}
		if passedOver.MatchString(line) {
			continue
		}
		for ; open < len(comments); open++ {
			comments[open].To = i + 1
		}
	}
	return comments
}

// covers tells whether the comment is about a place.
func (c Comment) covers(p manifest.Pos) bool {
	return p.File == c.File && c.Line <= p.Line && p.Line <= c.To
}

// parseStatement reads "rule-id reason", "rule-id: reason" and either with
// "until=2030-01-31" behind the id.
func parseStatement(text string) statement {
	var s statement
	s.rule, text = word(text)
	if s.rule == "" {
		s.fault = "it names no rule"
		return s
	}
	if rest, found := strings.CutPrefix(text, "until="); found {
		var date string
		date, text = word(rest)
		until, err := time.Parse(time.DateOnly, date)
		if err != nil {
			s.fault = "until= wants a date such as 2030-01-31"
			return s
		}
		s.until = until
	}
	if s.reason = text; s.reason == "" {
		s.fault = "it gives no reason"
	}
	return s
}

// word cuts the first word off a text, and the colon behind it.
func word(text string) (first, rest string) {
	text = strings.TrimSpace(text)
	if end := strings.IndexAny(text, ": \t"); end >= 0 {
		return text[:end], strings.TrimLeft(text[end:], ": \t")
	}
	return text, ""
}
