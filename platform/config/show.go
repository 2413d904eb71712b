package config

import (
	"fmt"
	"net/url"
	"reflect"
	"regexp"
	"strings"
)

// schemePattern is a scheme (RFC 3986 3.1), short enough to hold no secret.
var schemePattern = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9+.-]{0,15}$`)

// Mask stands where a secret is not shown.
const Mask = "********"

// Setting is one effective value; secrets are masked.
type Setting struct {
	Key   string `json:"key"`
	Value string `json:"value"`
}

// ListSettings lists the effective configuration with secrets masked: first the platform, then the
// sections in the order in which they were loaded.
func (c *Config) ListSettings() []Setting {
	var settings []Setting
	for _, value := range append([]any{c}, c.sections...) {
		walkFields(reflect.ValueOf(value).Elem(), func(f reflect.StructField, v reflect.Value) {
			settings = append(settings, Setting{f.Tag.Get("env"), maskValue(f.Tag.Get("secret"), v)})
		})
	}
	return settings
}

// platformKeys lists the environment names that the platform itself reads.
func platformKeys() []string {
	var keys []string
	walkFields(reflect.ValueOf(&Config{}).Elem(), func(f reflect.StructField, _ reflect.Value) {
		keys = append(keys, f.Tag.Get("env"))
	})
	return keys
}

// envKeyOf returns the environment name of a field of the settings.
func envKeyOf(settings any, field string) string {
	key := field
	walkFields(reflect.ValueOf(settings).Elem(), func(f reflect.StructField, _ reflect.Value) {
		if f.Name == field {
			key = f.Tag.Get("env")
		}
	})
	return key
}

// walkFields visits every field that has an environment name, in the order of the struct.
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

// maskValue returns a value as it may be shown.
func maskValue(secret string, v reflect.Value) string {
	s := fmt.Sprint(v.Interface())
	if v.Kind() == reflect.Slice {
		s = strings.Join(v.Interface().([]string), ",")
	}
	switch {
	case s == "":
		return s
	case secret == "all":
		return Mask
	case secret == "url":
		return maskURL(s)
	}
	return s
}

// maskURL hides user, password and query, and everything behind the scheme of what can't be parsed.
func maskURL(raw string) string {
	u, err := url.Parse(raw)
	if err != nil || u.Host == "" && u.Scheme != "sqlite" || u.Fragment != "" || u.User == nil && strings.Contains(raw, "@") {
		// A password with a reserved character may stand anywhere in it.
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
