package config

import (
	"fmt"
	"reflect"
	"strings"

	"github.com/caarlos0/env/v11"
	"go.uber.org/fx"
)

// Doc explains one setting to operators.
type Doc struct {
	// Key is the name of the environment variable.
	Key string
	// Text says what the setting is for, which values it takes and what an empty one means.
	Text string
}

// Section is a group of settings that one owner declares with DeclareSection.
type Section struct {
	// Title heads the section in .env.example.
	Title string
	// Docs explain the settings in the order in which they are shown.
	Docs []Doc

	// newValue returns a pointer to a new struct of settings.
	newValue func() any
	provide  fx.Option
}

// Validator is implemented by pointers to settings that have rules beyond their types.
type Validator interface {
	// Validate adds every broken rule to f. It must not stop at the first.
	Validate(f *Faults)
}

// DeclareSection returns the section of the settings in the struct T. Its fields have the tags env,
// envDefault and secret:
//
//	type Config struct {
//		MaxItems int `env:"SHOP_MAX_ITEMS" envDefault:"100"`
//	}
//
//	var settings = config.DeclareSection[Config]("Shop", config.Doc{
//		Key: "SHOP_MAX_ITEMS", Text: "Items that the shop may have, from 1 to 1000.",
//	})
//
// docs explain the settings, one each, in the order in which they are shown. The tag secret:"all"
// hides a value wherever settings are shown; secret:"url" hides user, password and query of a URL.
// If *T implements Validator, its faults are reported together with those of all other sections.
func DeclareSection[T any](title string, docs ...Doc) Section {
	return Section{
		Title: title, Docs: docs,
		newValue: func() any { return new(T) },
		provide:  fx.Provide(func(c *Config) *T { return SettingsOf[T](c) }),
	}
}

// FxOption returns the option that provides *T to the parts of the program.
func (s Section) FxOption() fx.Option { return s.provide }

// EnvKeys returns the names of the variables of the section in the order of its struct.
func (s Section) EnvKeys() []string {
	var keys []string
	walkFields(reflect.ValueOf(s.newValue()).Elem(), func(f reflect.StructField, _ reflect.Value) {
		keys = append(keys, f.Tag.Get("env"))
	})
	return keys
}

// SettingsOf returns the settings of the section that was declared with T. It panics if c was
// loaded without that section, which no environment can cause.
func SettingsOf[T any](c *Config) *T {
	for _, value := range c.sections {
		if settings, ok := value.(*T); ok {
			return settings
		}
	}
	panic(fmt.Sprintf("config: no section of type %v was loaded", reflect.TypeFor[T]()))
}

// loadSections reads the settings of every section from the given variables and adds the faults to
// f. It returns pointers to the settings.
func loadSections(sections []Section, given map[string]string, f *Faults) []any {
	values := make([]any, len(sections))
	for i, s := range sections {
		values[i] = s.newValue()
		loadSettings(values[i], given, f)
	}
	return values
}

// loadSettings reads one struct from the given variables and adds its faults to f. A value that
// can't be parsed is reported once: the rules would complain about its zero value as well.
func loadSettings(settings any, given map[string]string, f *Faults) {
	unreadable := map[string]bool{}
	if err := env.ParseWithOptions(settings, env.Options{Environment: given}); err != nil {
		for _, fault := range parseFaults(err, settings, given) {
			key, _, _ := strings.Cut(fault, ":")
			unreadable[key] = true
			f.lines = append(f.lines, fault)
		}
	}
	trimLists(reflect.ValueOf(settings).Elem())

	validator, hasRules := settings.(Validator)
	if !hasRules {
		return
	}
	var broken Faults
	validator.Validate(&broken)
	for _, fault := range broken.lines {
		if key, _, _ := strings.Cut(fault, ":"); !unreadable[key] {
			f.lines = append(f.lines, fault)
		}
	}
}

// trimLists removes spaces around the items of all lists, and empty items: "a, b," is a list of
// two.
func trimLists(v reflect.Value) {
	walkFields(v, func(_ reflect.StructField, field reflect.Value) {
		list, ok := field.Interface().([]string)
		if !ok {
			return
		}
		trimmed := make([]string, 0, len(list))
		for _, item := range list {
			if item = strings.TrimSpace(item); item != "" {
				trimmed = append(trimmed, item)
			}
		}
		field.Set(reflect.ValueOf(trimmed))
	})
}

// checkUniqueKeys returns an error if two sections read the same variable.
func checkUniqueKeys(sections []Section) error {
	owners := map[string]string{}
	for _, key := range platformKeys() {
		owners[key] = "the platform"
	}
	for _, s := range sections {
		for _, key := range s.EnvKeys() {
			if owner, isTaken := owners[key]; isTaken {
				return fmt.Errorf("config: %s is declared by %q and by %q", key, owner, s.Title)
			}
			owners[key] = s.Title
		}
	}
	return nil
}
