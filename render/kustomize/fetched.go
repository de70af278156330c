package kustomize

import (
	"net/url"
	"path"
	"regexp"
	"strings"

	"github.com/ringfence/ringfence/manifest"
	"github.com/ringfence/ringfence/render/fetch"
)

// remoteRef reads what a path that kustomize would load from elsewhere names: a file, or
// a folder of a git repository (see git.NewRepoSpecFromURL). False means that it names
// neither in a form that is understood.
func remoteRef(text string) (ref fetch.Ref, folder string, ok bool) {
	if u, err := url.Parse(text); err == nil && isURL(text) && u.RawQuery == "" && isManifestName(u.Path) {
		return fetch.Ref{Kind: fetch.File, URL: text}, ".", true
	}
	text, query, _ := strings.Cut(text, "?")
	text = strings.TrimPrefix(text, "git::")
	host, rest, ok := splitHost(text)
	if !ok {
		return ref, "", false
	}
	var repo string
	if before, after, found := strings.Cut(rest, "//"); found {
		repo, folder = before, after
	} else if before, after, found := strings.Cut(rest, ".git"); found {
		repo, folder = before+".git", after
	} else if parts := strings.SplitN(rest, "/", 3); len(parts) > 1 {
		repo = parts[0] + "/" + parts[1]
		folder = strings.Join(parts[2:], "/")
	}
	values, err := url.ParseQuery(query)
	if repo == "" || err != nil {
		return ref, "", false
	}
	version := values.Get("ref")
	if version == "" {
		version = values.Get("version")
	}
	folder = strings.TrimPrefix(path.Clean("/"+folder), "/")
	return fetch.Ref{Kind: fetch.Git, URL: host + repo, Version: version}, folder, true
}

// gitHost matches the part of a git URL before the path, in all forms that kustomize knows.
var gitHost = regexp.MustCompile(`(?i)^(?:((?:https?|ssh)://)(?:git@)?([\w.:-]+)/|[\w-]+@([\w.-]+)[:/]|(github\.com)[:/])`)

// splitHost splits what comes before the path from a git URL. SSH is fetched by HTTPS.
func splitHost(text string) (host, rest string, ok bool) {
	m := gitHost.FindStringSubmatch(text)
	if m == nil {
		return "", "", false
	}
	rest = strings.TrimPrefix(text[len(m[0]):], "/")
	switch protocol := strings.ToLower(m[1]); protocol {
	case "http://", "https://":
		return protocol + m[2] + "/", rest, true
	case "ssh://":
		name, _, _ := strings.Cut(m[2], ":")
		return "https://" + name + "/", rest, true
	default:
		return "https://" + m[3] + strings.ToLower(m[4]) + "/", rest, true
	}
}

func isManifestName(name string) bool {
	switch path.Ext(name) {
	case ".yaml", ".yml", ".json":
		return true
	}
	return false
}

// fetched gets a resource or component from elsewhere, and tells under which name
// kustomize finds it. False means that it is left out, and that a gap says why.
func (r *reading) fetched(k *kustomization, u use) bool {
	ref, folder, ok := remoteRef(u.path)
	if !ok || u.purpose != asResource && u.purpose != asComponent || u.purpose == asComponent && ref.Kind == fetch.File {
		return r.refuse(u.pos, manifest.RemoteReference, neverFetched(u.path))
	}
	dir, err := r.opts.Fetch.Get(r.ctx, ref, u.pos)
	if err != nil {
		gap := fetch.Gap(err, u.pos, manifest.RemoteReference, remoteReason(u.path))
		return r.refuse(gap.Pos, gap.Code, gap.Reason)
	}
	if ref.Kind == fetch.Git {
		name := path.Join(dir, folder)
		if !r.tree.IsDir(name) {
			return r.refuse(u.pos, manifest.MissingFile, "there is no such folder: "+u.path)
		}
		r.useFolder(k, u, name)
		up := ""
		if k.dir != "." {
			up = strings.Repeat("../", strings.Count(k.dir, "/")+1)
		}
		r.moved[u.entry] = "./" + up + name
		return true
	}
	// Kustomize takes no file from outside of its folder, so it gets to see it inside.
	name := path.Join(dir, fetch.FileName)
	data, err := r.tree.ReadFile(name)
	if err != nil {
		return r.refuse(u.pos, manifest.UnreadableFile, err.Error())
	}
	f := r.marked(name, data)
	if f.broken != nil {
		return r.refuse(u.pos, f.broken.Code, f.broken.Reason)
	}
	r.files[name], r.byID[f.id], r.users[name] = f, f, append(r.users[name], k)
	r.moved[u.entry] = r.standIn(k, f)
	return true
}
