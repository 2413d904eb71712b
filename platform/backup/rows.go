package backup

import (
	"bufio"
	"bytes"
	"database/sql"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"lyceum/platform/db"
)

// Bounds of a line. The longest texts of a row have some megabytes.
const (
	maxRowBytes    = 64 << 20
	maxObjectBytes = 4 << 10
)

// rowValue is a place for one value of a column.
type rowValue interface {
	// appendJSON appends the value as JSON.
	appendJSON(b []byte) ([]byte, error)
}

type (
	textValue struct {
		sql.NullString
		// replaced counts texts that are not UTF-8.
		replaced int64
	}
	integerValue struct{ sql.NullInt64 }
	booleanValue struct{ sql.NullBool }
	bytesValue   struct{ bytes []byte }
)

// Scan implements sql.Scanner.
func (v *bytesValue) Scan(value any) error {
	switch b := value.(type) {
	case nil:
		v.bytes = nil
	case []byte:
		v.bytes = append(v.bytes[:0], b...)
		if v.bytes == nil {
			v.bytes = []byte{}
		}
	default:
		return fmt.Errorf("it is a %T where bytes were expected", value)
	}
	return nil
}

func (v *textValue) appendJSON(b []byte) ([]byte, error) {
	if !v.Valid {
		return append(b, "null"...), nil
	}
	quoted, err := jsontext.AppendQuote(b, v.String)
	if err != nil {
		// SQLite takes bytes that are no text. A backup that fails is worse than a character that is replaced.
		v.replaced++
		return jsontext.AppendQuote(b, strings.ToValidUTF8(v.String, "\uFFFD"))
	}
	return quoted, nil
}

func (v *integerValue) appendJSON(b []byte) ([]byte, error) {
	if !v.Valid {
		return append(b, "null"...), nil
	}
	return strconv.AppendInt(b, v.Int64, 10), nil
}

func (v *booleanValue) appendJSON(b []byte) ([]byte, error) {
	if !v.Valid {
		return append(b, "null"...), nil
	}
	return strconv.AppendBool(b, v.Bool), nil
}

func (v *bytesValue) appendJSON(b []byte) ([]byte, error) {
	if v.bytes == nil {
		return append(b, "null"...), nil
	}
	b = append(b, '"')
	b = base64.StdEncoding.AppendEncode(b, v.bytes)
	return append(b, '"'), nil
}

// rowEncoder turns rows of a table into lines of JSON.
type rowEncoder struct {
	columns []db.Column
	values  []rowValue
	// dest are the values as the scan of a row takes them.
	dest []any
	line []byte
}

func newRowEncoder(columns []db.Column) *rowEncoder {
	e := &rowEncoder{columns: columns}
	for _, c := range columns {
		var v rowValue
		switch c.Kind {
		case db.KindInteger:
			v = &integerValue{}
		case db.KindBoolean:
			v = &booleanValue{}
		case db.KindBytes:
			v = &bytesValue{}
		default:
			v = &textValue{}
		}
		e.values, e.dest = append(e.values, v), append(e.dest, v)
	}
	return e
}

// encode returns the line of the row that scan reads, with its end. It is valid until the next call.
func (e *rowEncoder) encode(scan func(...any) error) ([]byte, error) {
	if err := scan(e.dest...); err != nil {
		return nil, err
	}
	line := append(e.line[:0], '{')
	for i, c := range e.columns {
		if i > 0 {
			line = append(line, ',')
		}
		var err error
		if line, err = jsontext.AppendQuote(line, c.Name); err != nil {
			return nil, err
		}
		if line, err = e.values[i].appendJSON(append(line, ':')); err != nil {
			return nil, fmt.Errorf("column %s: %w", c.Name, err)
		}
	}
	e.line = append(line, '}', '\n')
	return e.line, nil
}

// countReplaced returns how many texts were not UTF-8.
func (e *rowEncoder) countReplaced() (n int64) {
	for _, v := range e.values {
		if text, ok := v.(*textValue); ok {
			n += text.replaced
		}
	}
	return n
}

// rowDecoder reads the lines of a table.
type rowDecoder struct {
	columns []db.Column
	lines   *lineReader
	json    *jsontext.Decoder
}

func newRowDecoder(r io.Reader, columns []db.Column) *rowDecoder {
	return &rowDecoder{columns, newLineReader(r, maxRowBytes), jsontext.NewDecoder(bytes.NewReader(nil))}
}

// next returns the values of the next row, in the order of the columns, as the database takes them. It returns io.EOF
// after the last one.
func (d *rowDecoder) next() ([]any, error) {
	line, err := d.lines.next()
	if err != nil {
		return nil, err
	}
	d.json.Reset(bytes.NewReader(line))
	row, err := d.decode()
	if err != nil {
		return nil, fmt.Errorf("row %d: %w", d.lines.count, err)
	}
	return row, nil
}

// decode reads the object of a line. The names must be those of the columns, in their order.
func (d *rowDecoder) decode() ([]any, error) {
	if t, err := d.json.ReadToken(); err != nil || t.Kind() != '{' {
		return nil, errors.Join(errors.New("it is not a JSON object"), err)
	}
	row := make([]any, len(d.columns))
	for i, c := range d.columns {
		name, err := d.json.ReadToken()
		if err != nil || name.Kind() != '"' || name.String() != c.Name {
			return nil, errors.Join(fmt.Errorf("the column %s is not in its place", c.Name), err)
		}
		value, err := d.json.ReadToken()
		if err != nil {
			return nil, err
		}
		if row[i], err = decodeValue(c.Kind, value); err != nil {
			return nil, fmt.Errorf("column %s: %w", c.Name, err)
		}
	}
	if t, err := d.json.ReadToken(); err != nil || t.Kind() != '}' {
		return nil, errors.Join(errors.New("it has more columns than its table"), err)
	}
	if _, err := d.json.ReadToken(); !errors.Is(err, io.EOF) {
		return nil, errors.New("something follows its object")
	}
	return row, nil
}

// decodeValue returns a value as the database takes it for a column of that kind.
func decodeValue(kind db.Kind, t jsontext.Token) (any, error) {
	switch {
	case t.Kind() == 'n':
		return nil, nil
	case kind == db.KindText && t.Kind() == '"':
		return t.String(), nil
	case kind == db.KindInteger && t.Kind() == '0':
		return strconv.ParseInt(t.String(), 10, 64)
	case kind == db.KindBoolean && (t.Kind() == 't' || t.Kind() == 'f'):
		return t.Bool(), nil
	case kind == db.KindBytes && t.Kind() == '"':
		b, err := base64.StdEncoding.DecodeString(t.String())
		if b == nil {
			b = []byte{}
		}
		return b, err
	}
	return nil, fmt.Errorf("its value is not a %s", kind)
}

// lineReader reads the lines of a file, with a bound for their length.
type lineReader struct {
	r     *bufio.Reader
	line  []byte
	count int64
	// maxBytes bounds a line.
	maxBytes int
}

func newLineReader(r io.Reader, maxBytes int) *lineReader {
	return &lineReader{r: bufio.NewReaderSize(r, bufferBytes), maxBytes: maxBytes}
}

// next returns the next line without its end. It is valid until the next call. It returns io.EOF after the last line,
// and an error for a line that has no end.
func (l *lineReader) next() ([]byte, error) {
	l.line = l.line[:0]
	for {
		part, err := l.r.ReadSlice('\n')
		l.line = append(l.line, part...)
		switch {
		case len(l.line) > l.maxBytes:
			return nil, fmt.Errorf("line %d is longer than %d bytes", l.count+1, l.maxBytes)
		case err == nil:
			l.count++
			return l.line[:len(l.line)-1], nil
		case errors.Is(err, io.EOF) && len(l.line) > 0:
			return nil, io.ErrUnexpectedEOF
		case !errors.Is(err, bufio.ErrBufferFull):
			return nil, err
		}
	}
}
