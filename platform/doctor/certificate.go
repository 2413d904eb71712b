package doctor

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"time"
)

// certificateNotice is how long before its end a certificate is told of.
const certificateNotice = 14 * 24 * time.Hour

// checkCertificate looks how long the certificate of a connection is valid. That it is valid now was checked by the
// connection.
func (x *examination) checkCertificate(check string, state tls.ConnectionState) {
	if len(state.PeerCertificates) == 0 {
		return
	}
	end := earliestEnd(state.PeerCertificates)
	left := time.Until(end)
	found := fmt.Sprintf("its certificate is valid until %s", end.UTC().Format(time.DateOnly))
	switch {
	case left < 0:
		x.fail(check, fmt.Sprintf("its certificate has ended on %s", end.UTC().Format(time.DateOnly)),
			"renew the certificate")
	case left < certificateNotice:
		x.warn(check, found, "renew the certificate, and see why that did not happen by itself")
	default:
		x.ok(check, "%s", found)
	}
}

// earliestEnd returns when the first certificate of a chain ends.
func earliestEnd(chain []*x509.Certificate) time.Time {
	end := chain[0].NotAfter
	for _, c := range chain[1:] {
		if c.NotAfter.Before(end) {
			end = c.NotAfter
		}
	}
	return end
}
