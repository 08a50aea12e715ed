package server_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"math/big"
	"strings"
	"sync"
	"time"

	"github.com/gridward/gridward/security/tlsprofile"
)

// authority signs certificates that are valid in real and in virtual time.
type authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	pool *x509.CertPool
}

func newAuthority() *authority {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(err)
	t := template(1)
	t.IsCA, t.KeyUsage, t.Subject.CommonName = true, x509.KeyUsageCertSign, "CA"
	der, err := x509.CreateCertificate(rand.Reader, t, t, key.Public(), key)
	must(err)
	cert, err := x509.ParseCertificate(der)
	must(err)
	a := &authority{cert: cert, key: key, pool: x509.NewCertPool()}
	a.pool.AddCert(cert)
	return a
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}

func template(serial int64) *x509.Certificate {
	return &x509.Certificate{
		SerialNumber: big.NewInt(serial), Subject: pkix.Name{CommonName: "peer"}, BasicConstraintsValid: true,
		NotBefore: time.Date(1999, 1, 1, 0, 0, 0, 0, time.UTC), NotAfter: time.Date(2099, 1, 1, 0, 0, 0, 0, time.UTC),
	}
}

// issue makes a certificate that names JIDs as xmppAddr.
func (a *authority) issue(usage x509.ExtKeyUsage, jids ...string) tls.Certificate {
	return a.issueUntil(template(1).NotAfter, usage, jids...)
}

func (a *authority) issueUntil(end time.Time, usage x509.ExtKeyUsage, jids ...string) tls.Certificate {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(err)
	t := template(time.Now().UnixNano())
	t.NotAfter = end
	t.KeyUsage, t.ExtKeyUsage = x509.KeyUsageDigitalSignature, []x509.ExtKeyUsage{usage}
	if len(jids) > 0 {
		t.ExtraExtensions = []pkix.Extension{{Id: tlsprofile.OIDSubjectAltName, Value: xmppSAN(jids)}}
	}
	der, err := x509.CreateCertificate(rand.Reader, t, a.cert, key.Public(), a.key)
	must(err)
	leaf, err := x509.ParseCertificate(der)
	must(err)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: leaf}
}

func xmppSAN(jids []string) []byte {
	wrap := func(class, tag int, compound bool, b []byte) []byte {
		out, err := asn1.Marshal(asn1.RawValue{Class: class, Tag: tag, IsCompound: compound, Bytes: b})
		must(err)
		return out
	}
	var all []byte
	for _, j := range jids {
		id, err := asn1.Marshal(tlsprofile.OIDXMPPAddr)
		must(err)
		value := wrap(asn1.ClassContextSpecific, 0, true, wrap(asn1.ClassUniversal, asn1.TagUTF8String, false, []byte(j)))
		all = append(all, wrap(asn1.ClassContextSpecific, 0, true, append(id, value...))...)
	}
	return wrap(asn1.ClassUniversal, asn1.TagSequence, true, all)
}

// The certificates of all tests: made once, because keys take time.
var site = sync.OnceValue(func() *certificates {
	c := &certificates{ca: newAuthority(), clients: map[string]tls.Certificate{}}
	c.server = c.ca.issue(x509.ExtKeyUsageServerAuth, domain)
	return c
})

type certificates struct {
	ca      *authority
	server  tls.Certificate
	mu      sync.Mutex
	clients map[string]tls.Certificate
}

func (c *certificates) client(jids ...string) tls.Certificate {
	c.mu.Lock()
	defer c.mu.Unlock()
	k := strings.Join(jids, " ")
	if _, ok := c.clients[k]; !ok {
		c.clients[k] = c.ca.issue(x509.ExtKeyUsageClientAuth, jids...)
	}
	return c.clients[k]
}
