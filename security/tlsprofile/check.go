package tlsprofile

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/x509"
	"fmt"
	"slices"
	"time"
)

// Smallest keys that are accepted anywhere in a path.
const (
	MinRSABits   = 2048
	MinECDSABits = 256
)

// CheckKey refuses RSA keys under MinRSABits, curves under MinECDSABits and every other kind of key with ErrWeakKey.
func CheckKey(pub crypto.PublicKey) error {
	switch k := pub.(type) {
	case *rsa.PublicKey:
		if n := k.N.BitLen(); n < MinRSABits {
			return &CertificateError{Reason: ErrWeakKey, Details: fmt.Sprintf("RSA key of %d bits, want %d", n, MinRSABits)}
		}
	case *ecdsa.PublicKey:
		if n := k.Curve.Params().BitSize; n < MinECDSABits {
			return &CertificateError{Reason: ErrWeakKey, Details: fmt.Sprintf("EC key of %d bits, want %d", n, MinECDSABits)}
		}
	default:
		return &CertificateError{Reason: ErrWeakKey, Details: fmt.Sprintf("key type %T is not of the profile", pub)}
	}
	return nil
}

// checkStrength checks one certificate's key and, unless it is a trust anchor, its signature algorithm.
func checkStrength(c *x509.Certificate, anchor bool) error {
	if err := CheckKey(c.PublicKey); err != nil {
		ce := err.(*CertificateError) //nolint:errorlint // CheckKey returns nothing else
		ce.Cert = c
		return ce
	}
	if anchor {
		return nil
	}
	switch c.SignatureAlgorithm {
	case x509.SHA256WithRSA, x509.SHA384WithRSA, x509.SHA512WithRSA,
		x509.SHA256WithRSAPSS, x509.SHA384WithRSAPSS, x509.SHA512WithRSAPSS,
		x509.ECDSAWithSHA256, x509.ECDSAWithSHA384, x509.ECDSAWithSHA512:
		return nil
	}
	return &CertificateError{Reason: ErrWeakKey, Cert: c, Details: "signature algorithm " + c.SignatureAlgorithm.String()}
}

// CheckLeaf checks what a path validation does not: that leaf is an end-entity certificate, that its key may sign, that
// it names usage itself (a certificate without extended key usage is refused), and that its key is strong enough.
func CheckLeaf(leaf *x509.Certificate, usage x509.ExtKeyUsage) error {
	switch {
	case leaf.IsCA:
		return &CertificateError{Reason: ErrWrongUsage, Cert: leaf, Details: "a CA certificate is not an end entity's"}
	case !slices.Contains(leaf.ExtKeyUsage, usage):
		return &CertificateError{Reason: ErrWrongUsage, Cert: leaf, Details: "no extended key usage " + usageName(usage)}
	case leaf.KeyUsage != 0 && leaf.KeyUsage&x509.KeyUsageDigitalSignature == 0:
		return &CertificateError{Reason: ErrWrongUsage, Cert: leaf, Details: "its key may not sign (keyUsage)"}
	}
	return checkStrength(leaf, false)
}

func usageName(u x509.ExtKeyUsage) string {
	switch u {
	case x509.ExtKeyUsageClientAuth:
		return "clientAuth"
	case x509.ExtKeyUsageServerAuth:
		return "serverAuth"
	}
	return fmt.Sprint(int(u))
}

// verifyPath validates certs (leaf first) against roots at now and returns the first path all of whose keys are strong
// enough.
func verifyPath(certs []*x509.Certificate, roots *x509.CertPool, usage x509.ExtKeyUsage, now time.Time) error {
	if len(certs) == 0 {
		return &CertificateError{Reason: ErrNoCertificate}
	}
	opts := x509.VerifyOptions{
		Roots: roots, CurrentTime: now, KeyUsages: []x509.ExtKeyUsage{usage}, Intermediates: x509.NewCertPool(),
	}
	for _, c := range certs[1:] {
		opts.Intermediates.AddCert(c)
	}
	chains, err := certs[0].Verify(opts)
	if err != nil {
		return fromVerify(err, certs, now)
	}
	if err := CheckLeaf(certs[0], usage); err != nil {
		return err
	}
	return checkChains(chains)
}

// checkChains accepts when one chain is strong throughout; else it returns what is wrong with the last one.
func checkChains(chains [][]*x509.Certificate) error {
	err := error(&CertificateError{Reason: ErrOtherCA})
	for _, chain := range chains {
		if err = checkChain(chain); err == nil {
			return nil
		}
	}
	return err
}

func checkChain(chain []*x509.Certificate) error {
	for i, c := range chain {
		if err := checkStrength(c, i == len(chain)-1); err != nil {
			return err
		}
	}
	return nil
}
