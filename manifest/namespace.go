package manifest

import "strings"

// privatePrefix marks namespaces that stand for one that is not known. No real
// namespace starts with it.
const privatePrefix = "\x00"

// PrivateNamespace stands for the namespace of objects that do not say theirs,
// where nothing else does either. Objects of one scope share it; it equals no
// other namespace.
func PrivateNamespace(scope string) string { return privatePrefix + scope }

// IsPrivate tells whether a namespace stands for one that is not known. The empty
// name does too.
func IsPrivate(namespace string) bool {
	return namespace == "" || strings.HasPrefix(namespace, privatePrefix)
}
