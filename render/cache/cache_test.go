package cache_test

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/ringfence/ringfence/render/cache"
)

func keyOf(n int) cache.Key { return sha256.Sum256(fmt.Append(nil, n)) }

func TestCache(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a", "b")
	c := cache.New(dir, "v1", 1<<20)
	if _, ok := c.Get(keyOf(1)); ok {
		t.Error("an empty cache has something")
	}
	for n, want := range [][]byte{nil, []byte("one"), bytes.Repeat([]byte("x"), 1000)} {
		c.Put(keyOf(n), want)
		if got, ok := cache.New(dir, "v1", 1<<20).Get(keyOf(n)); !ok || !bytes.Equal(got, want) {
			t.Errorf("got %q, %v, want %q", got, ok, want)
		}
	}
	if _, ok := cache.New(dir, "v2", 1<<20).Get(keyOf(1)); ok {
		t.Error("another version has the result")
	}
	var none *cache.Cache
	none.Put(keyOf(1), nil)
	none.Trim()
	if _, ok := none.Get(keyOf(1)); ok {
		t.Error("no cache has something")
	}
}

// TestDamaged changes each byte of an entry, cuts it, and puts it in the place of another.
func TestDamaged(t *testing.T) {
	dir := t.TempDir()
	c := cache.New(dir, "v1", 1<<20)
	c.Put(keyOf(1), []byte("a result"))
	names, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil || len(names) != 1 {
		t.Fatalf("files %v, %v", names, err)
	}
	good, err := os.ReadFile(names[0])
	if err != nil {
		t.Fatal(err)
	}
	damaged := func(what string, data []byte) {
		t.Helper()
		if err := os.WriteFile(names[0], data, 0o600); err != nil {
			t.Fatal(err)
		}
		if got, ok := c.Get(keyOf(1)); ok {
			t.Errorf("%s: got %q", what, got)
		}
		if _, err := os.Stat(names[0]); err == nil {
			t.Errorf("%s: the entry stays", what)
		}
	}
	for i := range good {
		bad := bytes.Clone(good)
		bad[i] ^= 1
		damaged(fmt.Sprintf("byte %d", i), bad)
		damaged(fmt.Sprintf("the first %d bytes", i), good[:i])
	}
	c.Put(keyOf(2), []byte("another"))
	other, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil || len(other) != 1 {
		t.Fatalf("files %v, %v", other, err)
	}
	data, err := os.ReadFile(other[0])
	if err != nil {
		t.Fatal(err)
	}
	damaged("the result of another key", data)
}

func TestTrim(t *testing.T) {
	dir := t.TempDir()
	c := cache.New(dir, "v1", 10_000)
	aged := make(map[string]int) // in which order files came
	old := time.Now().Add(-24 * time.Hour)
	for n := range 20 {
		c.Put(keyOf(n), make([]byte, 1000))
		names, err := filepath.Glob(filepath.Join(dir, "*"))
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range names {
			if aged[name] == 0 {
				aged[name] = n + 1
			}
			if err := os.Chtimes(name, old, old.Add(time.Duration(aged[name])*time.Minute)); err != nil {
				t.Fatal(err)
			}
		}
	}
	left := filepath.Join(dir, "new-left")
	if err := os.WriteFile(left, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chtimes(left, old, old); err != nil {
		t.Fatal(err)
	}
	c.Put(keyOf(99), make([]byte, 5000)) // more than a quarter
	if _, ok := c.Get(keyOf(0)); !ok {   // which then is the last that was used
		t.Error("what was put is not there")
	}
	c.Trim()
	for n := range 20 {
		_, ok := c.Get(keyOf(n))
		if want := n == 0 || n > 11; ok != want {
			t.Errorf("entry %d is there: %v, want %v", n, ok, want)
		}
	}
	if _, ok := c.Get(keyOf(99)); ok {
		t.Error("a giant entry was kept")
	}
	if _, err := os.Stat(left); err == nil {
		t.Error("what a killed process left stays")
	}
}

func TestConcurrent(t *testing.T) {
	dir := t.TempDir()
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			c := cache.New(dir, "v1", 100_000)
			for n := range 200 {
				want := bytes.Repeat([]byte{byte(n)}, 1000)
				if got, ok := c.Get(keyOf(n)); ok && !bytes.Equal(got, want) {
					t.Errorf("entry %d: %q", n, got)
				}
				c.Put(keyOf(n), want)
				if n%20 == 0 {
					c.Trim()
				}
			}
		})
	}
	all.Wait()
}
