package doctor

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"lyceum/platform/config"
	"lyceum/platform/diagnosis"
	"lyceum/platform/testkit"
)

func TestMain(m *testing.M) { testkit.Main(m) }

// onlyFinding returns the finding that an examination has, of which there must be one.
func onlyFinding(t *testing.T, x *examination) diagnosis.Finding {
	t.Helper()
	require.Len(t, x.findings, 1)
	return x.findings[0]
}

func TestCertificates(t *testing.T) {
	for left, want := range map[time.Duration]diagnosis.Status{
		-time.Hour: diagnosis.Failed, 24 * time.Hour: diagnosis.Warning, 60 * 24 * time.Hour: diagnosis.OK,
	} {
		leaf := &x509.Certificate{NotAfter: time.Now().Add(left)}
		issuer := &x509.Certificate{NotAfter: time.Now().Add(24 * 365 * time.Hour)}
		for _, chain := range [][]*x509.Certificate{{leaf, issuer}, {issuer, leaf}} {
			x := &examination{}
			x.checkCertificate("mail", tls.ConnectionState{PeerCertificates: chain})
			f := onlyFinding(t, x)
			require.Equal(t, want, f.Status)
			require.Contains(t, f.Found, leaf.NotAfter.UTC().Format(time.DateOnly))
		}
	}
}

func TestTLS(t *testing.T) {
	server := httptest.NewTLSServer(http.NotFoundHandler())
	defer server.Close()
	address := server.Listener.Addr().String()
	x := &examination{}
	x.checkTLS(t.Context(), "redis", address, &tls.Config{MinVersion: tls.VersionTLS12})
	require.Equal(t, diagnosis.Failed, onlyFinding(t, x).Status, "nobody trusts its issuer")
	trusted := x509.NewCertPool()
	trusted.AddCert(server.Certificate())
	x = &examination{}
	x.checkTLS(t.Context(), "redis", address, &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: trusted})
	require.Equal(t, diagnosis.OK, onlyFinding(t, x).Status)
}

func TestClocks(t *testing.T) {
	for skew, want := range map[time.Duration]diagnosis.Status{
		0: diagnosis.OK, -5 * time.Second: diagnosis.Warning, 5 * time.Second: diagnosis.Warning,
		time.Minute: diagnosis.Failed, -time.Minute: diagnosis.Failed,
	} {
		x := &examination{}
		x.checkClock(t.Context(), "database", func(context.Context) (time.Time, error) { return time.Now().Add(skew), nil })
		f := onlyFinding(t, x)
		require.Equal(t, want, f.Status, "%s", skew)
		if skew < 0 {
			require.Contains(t, f.Found, "behind")
		}
	}
	x := &examination{}
	x.checkClock(t.Context(), "database", func(context.Context) (time.Time, error) { return time.Time{}, errors.New("away") })
	require.Empty(t, x.findings, "another check tells")
}

func TestDisk(t *testing.T) {
	x := &examination{}
	x.checkDisk(t.TempDir())
	require.Contains(t, onlyFinding(t, x).Found, "MiB are free")
	x = &examination{}
	x.checkDisk(filepath.Join(t.TempDir(), "missing"))
	require.Empty(t, x.findings)
}

// TestAFolderThatCantBeWritten makes an object store read-only. Root may write everywhere, so the folder becomes a file.
func TestAFolderThatCantBeWritten(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "objects"), nil, 0o600))
	x := &examination{Options: Options{Config: &config.Config{DataDir: dir, PublicURL: "http://localhost:8000"}}}
	x.checkObjects(t.Context())
	f := onlyFinding(t, x)
	require.Equal(t, diagnosis.Failed, f.Status)
	require.Contains(t, f.Advice, "read and write")
}

func TestPrint(t *testing.T) {
	x := &examination{}
	x.ok("keys", "%d keys", 2)
	x.fail("database", "dial a: refused\ndial a: refused\ndial b: refused", "start it")
	var out bytes.Buffer
	require.NoError(t, Print(&out, x.findings))
	require.Equal(t, 1, CountFailed(x.findings))
	require.Equal(t, strings.Join([]string{
		"ok       keys           2 keys",
		"failed   database       dial a: refused; dial b: refused",
		"                        → start it", "",
	}, "\n"), out.String())
}
