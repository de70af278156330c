package fetch_test

import (
	"context"
	"fmt"
	"net"
	"testing"

	"github.com/ringfence/ringfence/render/fetch"
	"github.com/ringfence/ringfence/render/fetch/fetchtest"
)

// A user is somebody who runs the program again and again, with one cache.
type user struct {
	cache string
	allow []string
}

func newUser(t testing.TB, sites ...*fetchtest.Site) user {
	u := user{cache: t.TempDir()}
	for _, s := range sites {
		u.allow = append(u.allow, fetchtest.HostOf(t, s.URL))
	}
	return u
}

func (u user) online(lock *fetch.Lock) *fetch.Fetcher {
	return fetch.New(fetch.Options{Network: true, Cache: u.cache, Lock: lock, Allow: u.allow})
}

// offline is a fetcher without the network, with which nothing may be dialled.
func (u user) offline(t testing.TB, lock *fetch.Lock) *fetch.Fetcher {
	return fetch.New(fetch.Options{Cache: u.cache, Lock: lock, Allow: u.allow, Dial: func(_ context.Context, _, address string) (net.Conn, error) {
		t.Errorf("%s is dialled without the network", address)
		return nil, fmt.Errorf("refused")
	}})
}

// reread is a lock that was written and read again.
func reread(t testing.TB, lock *fetch.Lock) *fetch.Lock {
	t.Helper()
	data, err := fetch.Encode(lock.Pins(false))
	fetchtest.Must(t, err)
	again, err := fetch.ReadLock(data)
	fetchtest.Must(t, err)
	return again
}
