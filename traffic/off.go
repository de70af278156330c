package traffic

import (
	"slices"
	"strings"
)

// offKey is what settings of one group say is turned off: the words with which the keys
// about it begin.
type offKey struct{ group, subject string }

// turnedOff finds what settings turn off: what REDIS_ENABLED=false, ENABLE_REDIS=0 and
// REDIS_DISABLED=true say of redis.
func turnedOff(settings []*setting) map[offKey]bool {
	off := map[offKey]bool{}
	for _, s := range settings {
		if subject := offSubject(words(s.key), s.value); len(subject) > 0 {
			off[offKey{s.group, strings.Join(subject, " ")}] = true
		}
	}
	return off
}

// offSubject returns the words of what a key turns off, none where it turns nothing off.
func offSubject(key []string, value string) []string {
	if len(key) < 2 {
		return nil
	}
	no, yes := isOneOf(value, []string{"false", "0", "no", "off"}), isOneOf(value, []string{"true", "1", "yes", "on"})
	first, last := key[0], key[len(key)-1]
	switch {
	case no && isOneOf(last, []string{"enabled", "enable"}), yes && isOneOf(last, []string{"disabled", "disable"}):
		return key[:len(key)-1]
	case no && isOneOf(first, []string{"enable", "use"}), yes && first == "disable":
		return key[1:]
	default:
		return nil
	}
}

// isOff tells whether a key is about something that is turned off in its group.
func isOff(off map[offKey]bool, group string, key []string) bool {
	return len(off) > 0 && slices.ContainsFunc(prefixes(key), func(subject string) bool { return off[offKey{group, subject}] })
}

// prefixes are the beginnings of a key that leave a word out.
func prefixes(key []string) []string {
	var all []string
	for n := 1; n < len(key); n++ {
		all = append(all, strings.Join(key[:n], " "))
	}
	return all
}
