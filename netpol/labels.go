package netpol

import (
	"maps"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation"
)

// labels returns a mapping of labels without those that the API server rejects;
// ok is false where there were any. Equal ones are the same mapping.
func (f *field) labels() (labels map[string]string, ok bool) {
	list, ok := f.labelList()
	if _, isMap := f.value.(map[string]any); !isMap {
		return nil, ok
	}
	d := f.reader.decoder
	d.key = d.key[:0]
	for _, l := range list {
		d.key = append(append(append(append(d.key, l.key...), 0), l.value...), 0)
	}
	labels, known := d.labelSets[string(d.key)]
	if !known {
		labels = make(map[string]string, len(list))
		for _, l := range list {
			labels[l.key] = l.value
		}
		d.labelSets[string(d.key)] = labels
	}
	return labels, ok
}

// labelList is labels as a list, sorted by key, that lives until the next is read.
func (f *field) labelList() (list []label, ok bool) {
	m, isMap := f.value.(map[string]any)
	if !isMap {
		return nil, f.mapping()
	}
	d := f.reader.decoder
	d.labels = d.labels[:0]
	for key, v := range m {
		value, isText := v.(string)
		if !isText || !plainKey(key) || !plainLabel(value) {
			return f.checkedLabels(m)
		}
		d.labels = append(d.labels, label{key, value})
	}
	slices.SortFunc(d.labels, func(a, b label) int { return strings.Compare(a.key, b.key) })
	return d.labels, true
}

// checkedLabels is labelList for labels that need a closer look.
func (f *field) checkedLabels(m map[string]any) (list []label, ok bool) {
	d := f.reader.decoder
	d.labels, ok = d.labels[:0], true
	for _, key := range slices.Sorted(maps.Keys(m)) {
		field := f.child(key)
		if value, valid := field.labelValue(); valid && field.validKey(key) {
			d.labels = append(d.labels, label{key, value})
		} else {
			ok = false
		}
	}
	return d.labels, ok
}

// plainKey tells at a glance that s is valid as a label's key; false means that it
// needs a closer look.
func plainKey(s string) bool {
	if plainLabel(s) {
		return true
	}
	slash := strings.IndexByte(s, '/')
	return slash > 0 && plainDomain(s[:slash]) && plainLabel(s[slash+1:])
}

// plainDomain tells at a glance that s is valid as the prefix of a label's key.
func plainDomain(s string) bool {
	if len(s) > 253 {
		return false
	}
	between := false // letters or digits
	for i := range len(s) {
		c := s[i]
		alphanumeric := 'a' <= c && c <= 'z' || '0' <= c && c <= '9'
		if !alphanumeric && (!between || c != '-' && c != '.') {
			return false
		}
		between = alphanumeric
	}
	return between
}

// plainLabel tells at a glance that s is valid both as a label's key and as its
// value; false means that it needs a closer look.
func plainLabel(s string) bool {
	if len(s) == 0 || len(s) > 63 {
		return false
	}
	for i := range len(s) {
		c := s[i]
		alphanumeric := 'a' <= c && c <= 'z' || '0' <= c && c <= '9' || 'A' <= c && c <= 'Z'
		if !alphanumeric && (i == 0 || i == len(s)-1 || c != '-' && c != '_' && c != '.') {
			return false
		}
	}
	return true
}

// validKey tells whether key is that of a label.
func (f *field) validKey(key string) bool {
	if plainKey(key) {
		return true
	}
	if problems := validation.IsQualifiedName(key); len(problems) > 0 {
		f.reject("%q is no label key", key)
		return false
	}
	return true
}

// labelValue returns a label's value; null is the empty value.
func (f *field) labelValue() (value string, ok bool) {
	if value, ok = f.text(); !ok {
		return "", false
	}
	if value == "" || plainLabel(value) {
		return value, true
	}
	if problems := validation.IsValidLabelValue(value); len(problems) > 0 {
		f.reject("%q is no label value", value)
		return "", false
	}
	return value, true
}
