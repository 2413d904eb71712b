package config

import (
	"fmt"
	"net/url"
	"reflect"
	"regexp"
	"strings"
)

// schemePattern matches the scheme of a URL (RFC 3986 §3.1) that is too short to hold a password.
var schemePattern = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9+.-]{0,15}$`)

// Mask is shown in place of a secret.
const Mask = "********"

// Setting is a variable and its effective value. Secrets are masked.
type Setting struct {
	Key   string `json:"key"`
	Value string `json:"value"`
}

// ListSettings returns the effective configuration with secrets masked: first the settings of the
// platform, then those of the sections in the order in which they were loaded.
func (c *Config) ListSettings() []Setting {
	var settings []Setting
	for _, value := range append([]any{c}, c.sections...) {
		walkFields(reflect.ValueOf(value).Elem(), func(f reflect.StructField, v reflect.Value) {
			settings = append(settings, Setting{f.Tag.Get("env"), maskValue(f.Tag.Get("secret"), v)})
		})
	}
	return settings
}

// platformKeys returns the names of the variables that Config itself reads.
func platformKeys() []string {
	var keys []string
	walkFields(reflect.ValueOf(&Config{}).Elem(), func(f reflect.StructField, _ reflect.Value) {
		keys = append(keys, f.Tag.Get("env"))
	})
	return keys
}

// envKeyOf returns the name of the variable that a field of the settings is read from.
func envKeyOf(settings any, field string) string {
	key := field
	walkFields(reflect.ValueOf(settings).Elem(), func(f reflect.StructField, _ reflect.Value) {
		if f.Name == field {
			key = f.Tag.Get("env")
		}
	})
	return key
}

// walkFields calls visit for every field that is read from a variable, in the order of the struct.
// It enters structs inside of v.
func walkFields(v reflect.Value, visit func(reflect.StructField, reflect.Value)) {
	for i := range v.NumField() {
		f := v.Type().Field(i)
		if !f.IsExported() {
			continue
		}
		if f.Tag.Get("env") == "" {
			walkFields(v.Field(i), visit)
			continue
		}
		visit(f, v.Field(i))
	}
}

// maskValue returns the text of a value without its secret parts. kind is the tag secret of its
// field.
func maskValue(kind string, v reflect.Value) string {
	s := fmt.Sprint(v.Interface())
	if v.Kind() == reflect.Slice {
		s = strings.Join(v.Interface().([]string), ",")
	}
	switch {
	case s == "":
		return s
	case kind == "all":
		return Mask
	case kind == "url":
		return maskURL(s)
	}
	return s
}

// maskURL returns a URL without user, password and query. Of a URL that can't be parsed it shows
// only the scheme: a password with a reserved character may stand anywhere behind it.
func maskURL(raw string) string {
	u, err := url.Parse(raw)
	isParsed := err == nil && u.Fragment == "" && (u.Host != "" || u.Scheme == "sqlite")
	if !isParsed || u.User == nil && strings.Contains(raw, "@") {
		if scheme, _, ok := strings.Cut(raw, "://"); ok && schemePattern.MatchString(scheme) {
			return scheme + "://" + Mask
		}
		return Mask
	}
	if u.User != nil {
		u.User = url.User(Mask)
	}
	if u.RawQuery != "" {
		u.RawQuery = Mask
	}
	return strings.ReplaceAll(u.String(), url.PathEscape(Mask), Mask)
}
