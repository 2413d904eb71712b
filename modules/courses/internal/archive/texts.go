package archive

import "lyceum/platform/tempfile"

// textFile keeps texts on the disk: a course may have more of them than memory should hold.
type textFile struct {
	file *tempfile.File
	end  int64
}

// span is where a text lies in a textFile, in bytes.
type span struct{ offset, length int64 }

// append writes a text behind the last one and returns where it lies.
func (t *textFile) append(s string) (span, error) {
	n, err := t.file.WriteAt([]byte(s), t.end)
	written := span{t.end, int64(n)}
	t.end += int64(n)
	return written, err
}

// read returns the text that lies there.
func (t *textFile) read(at span) (string, error) {
	b := make([]byte, at.length)
	_, err := t.file.ReadAt(b, at.offset)
	return string(b), err
}

// close deletes the file.
func (t *textFile) close() { _ = t.file.Close() }
