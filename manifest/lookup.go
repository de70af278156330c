package manifest

// Lookup returns the value at a path of decoded data, map keys and list indexes; nil
// where there is none.
func Lookup(value any, path ...any) any {
	for _, step := range path {
		switch step := step.(type) {
		case string:
			m, _ := value.(map[string]any)
			value = m[step]
		case int:
			list, _ := value.([]any)
			if step >= len(list) {
				return nil
			}
			value = list[step]
		}
	}
	return value
}

// Mapping returns the mapping at a path, nil where there is none.
func Mapping(value any, path ...any) map[string]any {
	m, _ := Lookup(value, path...).(map[string]any)
	return m
}

// Text returns the string at a path, empty where there is none.
func Text(value any, path ...any) string {
	s, _ := Lookup(value, path...).(string)
	return s
}

// Items returns the list at a path, nil where there is none.
func Items(value any, path ...any) []any {
	list, _ := Lookup(value, path...).([]any)
	return list
}
