package kustomize

import "sync"

// A cache makes each value once.
type cache[T any] struct {
	mu     sync.Mutex
	values map[string]func() T
}

// get returns the value of a key, which the first caller makes while others for
// the same key wait.
func (c *cache[T]) get(key string, produce func() T) T {
	c.mu.Lock()
	value, ok := c.values[key]
	if !ok {
		if c.values == nil {
			c.values = make(map[string]func() T)
		}
		value = sync.OnceValue(produce)
		c.values[key] = value
	}
	c.mu.Unlock()
	return value()
}
