package api

import (
	"errors"
	"io/fs"
	"net"
	"net/http"
	"net/netip"
	"path"
	"strings"
	"time"
)

// policy is what pages of ours may do: nothing from elsewhere, no inline code or style.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self'; " +
	"base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// guard sets the security headers and refuses requests that were not meant for us.
func (a *API) guard(next http.Handler) http.Handler {
	origin := http.NewCrossOriginProtection()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", policy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("X-Frame-Options", "DENY")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		if !a.ourHost(r.Host) {
			fail(w, r, http.StatusMisdirectedRequest, "host", "This is not that host", "the request is for "+r.Host)
			return
		}
		if err := origin.Check(r); err != nil {
			fail(w, r, http.StatusForbidden, "cross-origin", "The request comes from another site", err.Error())
			return
		}
		a.mayWrite(w)
		next.ServeHTTP(w, r)
	})
}

// mayWrite gives the client the time from now on in which it has to take what is written.
func (a *API) mayWrite(w http.ResponseWriter) {
	// Without support for deadlines (a recorder in tests) nothing blocks either.
	_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(a.cfg.WriteWait))
}

// ourHost reports whether a Host header names us: a page of another site whose name was made to resolve to our address
// still says its own name.
func (a *API) ourHost(host string) bool {
	name := host
	if h, _, err := net.SplitHostPort(host); err == nil {
		name = h
	}
	name = strings.TrimSuffix(strings.ToLower(strings.Trim(name, "[]")), ".")
	if name == "localhost" {
		return true
	}
	if ip, err := netip.ParseAddr(name); err == nil && ip.IsLoopback() {
		return true
	}
	for _, h := range a.cfg.Hosts {
		if strings.EqualFold(h, name) {
			return true
		}
	}
	return false
}

func isUnsupported(err error) bool { return errors.Is(err, http.ErrNotSupported) }

// files serves the dashboard: names with a hash in them for ever, the page itself anew each time.
func files(web fs.FS) http.Handler {
	if web == nil {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			fail(w, r, http.StatusNotFound, "not-found", "There is nothing here", "see /api/v1/openapi.json")
		})
	}
	server := http.FileServerFS(web)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			w.Header().Set("Allow", "GET, HEAD")
			fail(w, r, http.StatusMethodNotAllowed, "method", "The method is not allowed here", r.Method+" is not one of GET, HEAD")
			return
		}
		name := strings.TrimPrefix(path.Clean(r.URL.Path), "/")
		if name != "" {
			if info, err := fs.Stat(web, name); err != nil || info.IsDir() {
				fail(w, r, http.StatusNotFound, "not-found", "There is nothing here", r.URL.Path)
				return
			}
		}
		w.Header().Set("Cache-Control", "no-cache")
		if strings.HasPrefix(name, "assets/") {
			w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
		}
		server.ServeHTTP(w, r)
	})
}
