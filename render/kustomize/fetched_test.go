package kustomize

import (
	"testing"

	"github.com/ringfence/ringfence/render/fetch"
)

func TestRemoteRef(t *testing.T) {
	git := func(url, version string) fetch.Ref { return fetch.Ref{Kind: fetch.Git, URL: url, Version: version} }
	for text, want := range map[string]struct {
		ref    fetch.Ref
		folder string
	}{
		"https://example.com/team/app//deploy/base?ref=v1.0.0":   {git("https://example.com/team/app", "v1.0.0"), "deploy/base"},
		"https://example.com/team/app.git/deploy?ref=main":       {git("https://example.com/team/app.git", "main"), "deploy"},
		"https://example.com/team/app.git":                       {git("https://example.com/team/app.git", ""), ""},
		"https://example.com/team/app/deploy/base?version=v2":    {git("https://example.com/team/app", "v2"), "deploy/base"},
		"http://127.0.0.1:3000/team/app//x?timeout=90s&ref=main": {git("http://127.0.0.1:3000/team/app", "main"), "x"},
		"github.com/team/app//deploy?ref=v1":                     {git("https://github.com/team/app", "v1"), "deploy"},
		"github.com/team/app?ref=v1":                             {git("https://github.com/team/app", "v1"), ""},
		"git@github.com:team/app.git//deploy?ref=v1":             {git("https://github.com/team/app.git", "v1"), "deploy"},
		"ssh://git@example.com:22/team/app.git//deploy":          {git("https://example.com/team/app.git", ""), "deploy"},
		"git::https://example.com/team/app//../../deploy":        {git("https://example.com/team/app", ""), "deploy"},
		"https://example.com/releases/v1/install.yaml":           {fetch.Ref{Kind: fetch.File, URL: "https://example.com/releases/v1/install.yaml"}, "."},
		"https://example.com/team/app//a.yaml?ref=v1":            {git("https://example.com/team/app", "v1"), "a.yaml"},
		"https://example.com":                                    {},
		"s3::https://bucket.example.com/app":                     {},
		"file:///etc":                                            {},
	} {
		ref, folder, ok := remoteRef(text)
		if ok != (want.ref.URL != "") || ok && (ref != want.ref || folder != want.folder) {
			t.Errorf("%s: got %+v %q %v", text, ref, folder, ok)
		}
	}
}
