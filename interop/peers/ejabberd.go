package peers

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// ejabberdConfig is the configuration that the documentation gives for ejabberd 23.01 without the API listener and
// without token accounts; only paths, ports and names are filled in.
const ejabberdConfig = `hosts: [ %[4]s ]
loglevel: info
c2s_cafile: %[1]s/ca.pem
certfiles: [ %[1]s/server.pem ]
listen:
  - {port: %[2]s, ip: "127.0.0.1", module: ejabberd_c2s, starttls_required: true, tls_verify: true, max_stanza_size: 262144, access: c2s%[6]s}
  - {port: %[3]s, ip: "127.0.0.1", module: ejabberd_c2s, tls: true, tls_verify: true, max_stanza_size: 262144, access: c2s%[6]s}
auth_method: [ internal ]
acl:
  members: { user: [ %[5]s ] }
access_rules:
  c2s: { allow: members }
shaper: { device: { rate: 524288, burst_size: 2097152 } }
shaper_rules: { c2s_shaper: device }
modules:
  mod_disco: {}
  mod_ping: {}
  mod_roster: {}
  mod_stream_mgmt: { resume_timeout: 60, max_resume_timeout: 60, max_ack_queue: 256, resend_on_timeout: false }
`

// StartEjabberd starts ejabberd with a directory of its own below dir and waits until it serves. The Erlang node is not
// distributed: no port mapper is started and left behind.
func StartEjabberd(ctx context.Context, dir string, site Site) (*Server, error) {
	if _, err := exec.LookPath("ejabberdctl"); err != nil {
		return nil, fmt.Errorf("%w ejabberd: %w", ErrMissing, err)
	}
	s, err := newServer("ejabberd", dir, site)
	if err != nil {
		return nil, err
	}
	shaper := ", shaper: c2s_shaper"
	if site.Unlimited {
		shaper = ""
	}
	var members []string
	for _, j := range append(append([]string{}, site.Centres...), site.Devices...) {
		members = append(members, fmt.Sprintf("%q", j))
	}
	config := filepath.Join(s.Dir, "ejabberd.yml")
	err = errors.Join(
		s.copies(map[string][]string{"server.pem": {site.Cert, site.Key}, "ca.pem": {site.CA}}),
		s.file("ejabberd.yml", fmt.Appendf(nil, ejabberdConfig, s.Dir, port(s.StartTLS), port(s.Direct), site.Domain, strings.Join(members, ", "), shaper)),
		s.file("inetrc", []byte("{lookup,[file,native]}.\n")),
		os.Mkdir(filepath.Join(s.Dir, "spool"), 0o700),
	)
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(s.Dir))
	}
	env := []string{
		"EJABBERD_CONFIG_PATH=" + config,
		"EJABBERD_LOG_PATH=" + filepath.Join(s.Dir, "ejabberd.log"),
		"ERL_CRASH_DUMP=" + filepath.Join(s.Dir, "erl_crash.dump"),
		"ERL_INETRC=" + filepath.Join(s.Dir, "inetrc"),
		"ERL_LIBS=/usr/lib/x86_64-linux-gnu",
		"HOME=" + s.Dir,
	}
	err = s.start(ctx, "ejabberd", env, "erl", "-noinput", "+K", "true", "+P", "250000",
		"-mnesia", "dir", `"`+filepath.Join(s.Dir, "spool")+`"`, "-s", "ejabberd")
	if err != nil {
		return nil, err
	}
	return s, nil
}
