package backup

import (
	"bytes"
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"lyceum/platform/atomicfile"
	"lyceum/platform/private"
)

// secretName is the file of the secret from which all keys but the signing ones are derived.
const secretName = "secret"

// keyFile matches the files of a folder of keys.
var keyFile = regexp.MustCompile(`^(secret|[A-Za-z0-9_-]{1,128}\.pem)$`)

// maxKeyBytes bounds a file with a key.
const maxKeyBytes = 16 << 10

// listKeys returns the names of the files with keys in a folder, sorted. A folder that is missing has none.
func listKeys(dir string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	var names []string
	for _, e := range entries {
		switch {
		case keyFile.MatchString(e.Name()):
			names = append(names, e.Name())
		case strings.HasSuffix(e.Name(), ".pem"):
			// The server uses it, so it must not be left out.
			return nil, fmt.Errorf("%s: accepted names of keys have letters, digits, - and _", filepath.Join(dir, e.Name()))
		}
	}
	return names, err
}

// ReadKeyID returns the id of the keys in a folder, or "" if it has none.
func ReadKeyID(dir string) (string, error) {
	raw, err := os.ReadFile(filepath.Join(dir, secretName))
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	return keyIDOf(raw)
}

// keyIDOf returns the id of the keys with that secret, as its file holds it.
func keyIDOf(raw []byte) (string, error) {
	secret, err := base64.StdEncoding.DecodeString(strings.TrimSpace(string(raw)))
	if err != nil {
		return "", errors.New("the file secret is not base64")
	}
	id, err := hkdf.Key(sha256.New, secret, nil, "lyceum key id in backups", 8)
	return hex.EncodeToString(id), err
}

// writeKeys copies the keys of the installation into the backup.
func (w *writer) writeKeys(m *Manifest) error {
	names, err := listKeys(w.from.KeysDir)
	if err != nil {
		return err
	}
	if !slices.Contains(names, secretName) {
		return fmt.Errorf("there are no keys in %s", w.from.KeysDir)
	}
	for _, name := range names {
		path := filepath.Join(w.from.KeysDir, name)
		info, err := os.Stat(path)
		if err != nil {
			return err
		}
		// Where secrets are mounted they are links, which the server follows, too.
		if info.Size() > maxKeyBytes {
			return fmt.Errorf("%s: it is too long for a key", path)
		}
		raw, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		part, err := w.writeSmallPart(keyName(name), raw)
		if err != nil {
			return err
		}
		m.Keys = append(m.Keys, KeyPart{Name: name, ModifiedAt: info.ModTime().UTC(), Part: part})
	}
	return nil
}

// writeSmallPart writes a file that is in memory.
func (w *writer) writeSmallPart(name string, content []byte) (Part, error) {
	p, err := createPart(w.dir, name, w.options.Recipients, false)
	if err != nil {
		return Part{}, err
	}
	if _, err := p.Write(content); err != nil {
		p.abandon()
		return Part{}, err
	}
	return p.Close()
}

// readKey returns the content of a key of the backup.
func (b *Backup) readKey(k KeyPart) ([]byte, error) {
	if !keyFile.MatchString(k.Name) {
		return nil, fmt.Errorf("%q is not the name of a key", k.Name)
	}
	p, err := b.open(keyName(k.Name), k.Part, false)
	if err != nil {
		return nil, err
	}
	defer p.close()
	raw, err := io.ReadAll(io.LimitReader(p, maxKeyBytes+1))
	if err == nil && len(raw) > maxKeyBytes {
		err = errors.New("it is too long for a key")
	}
	if err != nil {
		return nil, err
	}
	return raw, p.verify()
}

// checkKeys returns an error if a key of the backup can't be read, or if they are not those that the manifest tells of.
func (b *Backup) checkKeys() error {
	hasSecret := false
	for _, k := range b.Keys {
		raw, err := b.readKey(k)
		if err == nil && k.Name == secretName {
			hasSecret = true
			var id string
			if id, err = keyIDOf(raw); err == nil && id != b.KeyID {
				err = errors.New("it is the secret of another installation")
			}
		}
		if err != nil {
			return b.damaged(keyName(k.Name), err)
		}
	}
	if len(b.Keys) > 0 && !hasSecret {
		return b.damaged(keyName(secretName), errors.New("missing"))
	}
	return nil
}

// checkKeysDir returns an error if placing the keys of the backup would replace others.
func (b *Backup) checkKeysDir(dir string, force bool) error {
	if len(b.Keys) == 0 || force {
		return nil
	}
	names, err := listKeys(dir)
	if err != nil {
		return err
	}
	for _, name := range names {
		i := slices.IndexFunc(b.Keys, func(k KeyPart) bool { return k.Name == name })
		if i < 0 {
			return &NotEmptyError{"JWT_KEYS_DIR " + dir + " holds the key " + name + ", which is not of the backup"}
		}
		there, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			return err
		}
		inBackup, err := b.readKey(b.Keys[i])
		if err != nil {
			return b.damaged(keyName(name), err)
		}
		if !bytes.Equal(there, inBackup) {
			return &NotEmptyError{"JWT_KEYS_DIR " + dir + " holds another key " + name + " than the backup"}
		}
	}
	return nil
}

// replacedSuffix ends the names of keys that a restore is about to replace. They are put back if it fails;
// after a kill an operator finds them.
const replacedSuffix = ".before-restore"

// keyPlacement puts the keys of a backup into a folder, in a way that can be undone.
type keyPlacement struct {
	backup *Backup
	dir    string
	// moved are the keys that were renamed, and placed those that were written.
	moved, placed []string
}

// place writes the keys of the backup and renames all others. Those that are there already are not touched: a
// server may use the folder. The secret comes last: keys without it are no keys yet.
func (p *keyPlacement) place() error {
	if len(p.backup.Keys) == 0 {
		return nil
	}
	if err := private.CreateNamedDir(p.dir, "*.pem", secretName, "*"+replacedSuffix, ".*"); err != nil {
		return err
	}
	wanted, err := p.readWanted()
	if err != nil {
		return err
	}
	if err := p.moveOthers(wanted); err != nil {
		return err
	}
	ordered := slices.Clone(p.backup.Keys)
	slices.SortStableFunc(ordered, func(a, c KeyPart) int { return compareBool(a.Name == secretName, c.Name == secretName) })
	for _, k := range ordered {
		raw, isWanted := wanted[k.Name]
		if !isWanted {
			continue
		}
		p.placed = append(p.placed, k.Name)
		if err := atomicfile.Write(p.path(k.Name), raw, atomicfile.WithModTime(k.ModifiedAt)); err != nil {
			return err
		}
	}
	return nil
}

// readWanted returns the keys of the backup by their names.
func (p *keyPlacement) readWanted() (map[string][]byte, error) {
	wanted := map[string][]byte{}
	for _, k := range p.backup.Keys {
		raw, err := p.backup.readKey(k)
		if err != nil {
			return nil, p.backup.damaged(keyName(k.Name), err)
		}
		wanted[k.Name] = raw
	}
	return wanted, nil
}

// moveOthers renames the keys that the backup does not have as they are, and takes the others out of wanted.
func (p *keyPlacement) moveOthers(wanted map[string][]byte) error {
	present, err := listKeys(p.dir)
	if err != nil {
		return err
	}
	for _, name := range present {
		there, err := os.ReadFile(p.path(name))
		if err != nil {
			return err
		}
		if raw, isWanted := wanted[name]; isWanted && bytes.Equal(raw, there) {
			delete(wanted, name)
			continue
		}
		if err := os.Rename(p.path(name), p.path(name)+replacedSuffix); err != nil {
			return err
		}
		p.moved = append(p.moved, name)
	}
	return nil
}

func (p *keyPlacement) path(name string) string { return filepath.Join(p.dir, name) }

// undo puts the folder back as it was.
func (p *keyPlacement) undo() (err error) {
	for _, name := range p.placed {
		if removed := os.Remove(p.path(name)); !errors.Is(removed, fs.ErrNotExist) {
			err = errors.Join(err, removed)
		}
	}
	for _, name := range p.moved {
		err = errors.Join(err, os.Rename(p.path(name)+replacedSuffix, p.path(name)))
	}
	return err
}

// finish removes the keys that were replaced.
func (p *keyPlacement) finish() (err error) {
	for _, name := range p.moved {
		err = errors.Join(err, os.Remove(p.path(name)+replacedSuffix))
	}
	return err
}

// compareBool sorts false before true.
func compareBool(a, b bool) int {
	switch {
	case a == b:
		return 0
	case b:
		return -1
	}
	return 1
}
