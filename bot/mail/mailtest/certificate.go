package mailtest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"sync"
	"time"
)

// Signed is a certificate that is its own authority.
type Signed struct {
	pair tls.Certificate
	leaf *x509.Certificate
}

// certificate is that of every server of the process.
var certificate = sync.OnceValue(func() Signed { return Certificate(Host, "127.0.0.1", "localhost") })

// Certificate makes a certificate for these names and addresses. It panics where there is no randomness.
func Certificate(names ...string) Signed {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err)
	}
	from := time.Date(1999, 1, 1, 0, 0, 0, 0, time.UTC) // a synctest bubble begins in 2000
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "mailtest"}, NotBefore: from,
		NotAfter: from.AddDate(100, 0, 0), IsCA: true, BasicConstraintsValid: true,
		KeyUsage:    x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	for _, name := range names {
		if ip := net.ParseIP(name); ip != nil {
			template.IPAddresses = append(template.IPAddresses, ip)
		} else {
			template.DNSNames = append(template.DNSNames, name)
		}
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		panic(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		panic(err)
	}
	return Signed{tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, leaf}
}

// Pair is the certificate with its key.
func (s Signed) Pair() tls.Certificate { return s.pair }

// Roots trust the certificate.
func (s Signed) Roots() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(s.leaf)
	return pool
}

// Roots trust the servers' own certificate.
func Roots() *x509.CertPool { return certificate().Roots() }

// PEM is the servers' own certificate, for the variable SSL_CERT_FILE of a program.
func PEM() []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: certificate().leaf.Raw})
}
