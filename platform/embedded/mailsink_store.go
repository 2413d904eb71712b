package embedded

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/google/uuid"

	"lyceum/platform/atomicfile"
	"lyceum/platform/private"
)

// maxKeptMails is how many messages are kept. The oldest are removed first.
const maxKeptMails = 500

// mailSuffix ends the names of message files, so that mail programs open them.
const mailSuffix = ".eml"

// mailStore is a directory with one file for each message. The name is a UUIDv7, so that names sort
// by time.
type mailStore struct {
	dir string

	mu sync.Mutex
	// ids are the names of the messages without their suffix, the oldest first.
	ids []string
}

// openMailStore reads the names of the messages and removes the temporary files of processes that
// were killed.
func openMailStore(dir string) (*mailStore, error) {
	if err := private.CreateDir(dir); err != nil {
		return nil, err
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	s := &mailStore{dir: dir}
	for _, entry := range entries {
		name := entry.Name()
		if strings.HasSuffix(name, atomicfile.TempSuffix) {
			_ = os.Remove(filepath.Join(dir, name))
		}
		if id, ok := strings.CutSuffix(name, mailSuffix); ok && uuid.Validate(id) == nil {
			s.ids = append(s.ids, id)
		}
	}
	slices.Sort(s.ids)
	s.removeOldest()
	return s, nil
}

// add stores a message. It writes the envelope into the first headers, as mail servers do.
func (s *mailStore) add(from string, to []string, body []byte) error {
	var file bytes.Buffer
	fmt.Fprintf(&file, "Return-Path: <%s>\r\n", from)
	for _, address := range to {
		fmt.Fprintf(&file, "Delivered-To: %s\r\n", address)
	}
	file.Write(body)

	s.mu.Lock()
	defer s.mu.Unlock()
	id, err := uuid.NewV7() // under the lock, so that ids are appended in their order
	if err != nil {
		return err
	}
	if err := atomicfile.Write(filepath.Join(s.dir, id.String()+mailSuffix), file.Bytes()); err != nil {
		return err
	}
	s.ids = append(s.ids, id.String())
	s.removeOldest()
	return nil
}

// removeOldest removes the oldest messages beyond maxKeptMails. One that can't be removed is found again
// at the next start.
func (s *mailStore) removeOldest() {
	for len(s.ids) > maxKeptMails {
		_ = os.Remove(filepath.Join(s.dir, s.ids[0]+mailSuffix))
		s.ids = slices.Delete(s.ids, 0, 1)
	}
}

// list returns the newest messages, at most limit or, below one, all. It reads files without the lock,
// so that mail can arrive meanwhile. A message that is removed meanwhile is left out.
func (s *mailStore) list(limit int) ([]MailboxMessage, error) {
	s.mu.Lock()
	ids := slices.Clone(s.ids)
	s.mu.Unlock()
	if limit < 1 || limit > len(ids) {
		limit = len(ids)
	}
	messages := make([]MailboxMessage, 0, limit)
	for _, id := range slices.Backward(ids) {
		if len(messages) == limit {
			break
		}
		data, err := os.ReadFile(filepath.Join(s.dir, id+mailSuffix))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("mail sink: %w", err)
		}
		messages = append(messages, parseMail(id, data))
	}
	return messages, nil
}
