package config_test

import (
	"fmt"

	"lyceum/platform/config"
)

// shop holds the settings of a module.
type shop struct {
	MaxItems int      `env:"SHOP_MAX_ITEMS" envDefault:"100"`
	Owners   []string `env:"SHOP_OWNERS"`
	Password string   `env:"SHOP_PASSWORD" secret:"all"`
}

// Validate implements config.Validator.
func (s *shop) Validate(f *config.Faults) {
	f.CheckRange("SHOP_MAX_ITEMS", int64(s.MaxItems), 1, 1000)
	if len(s.Owners) > 0 && s.Password == "" {
		f.AddLine("SHOP_PASSWORD: missing, needed with SHOP_OWNERS")
	}
}

var settings = config.DeclareSection[shop]("Shop",
	config.Doc{Key: "SHOP_MAX_ITEMS", Text: "Items that the shop may have, from 1 to 1000."},
	config.Doc{Key: "SHOP_OWNERS", Text: "Comma-separated names. Empty: nobody owns it."},
	config.Doc{Key: "SHOP_PASSWORD", Text: "The password of the owners."},
)

func ExampleDeclareSection() {
	c, err := config.FromMap(map[string]string{
		"HTTP_ADDR": ":9000", "SHOP_OWNERS": "ada, bob", "SHOP_PASSWORD": "hunter2",
	}, settings)
	if err != nil {
		fmt.Println(err)
		return
	}
	s := config.SettingsOf[shop](c)
	fmt.Println(c.HTTPAddr, s.MaxItems, s.Owners)
	for _, shown := range c.ListSettings() {
		if shown.Key == "SHOP_PASSWORD" {
			fmt.Println(shown.Key, shown.Value)
		}
	}
	// Output:
	// :9000 100 [ada bob]
	// SHOP_PASSWORD ********
}

func ExampleFromMap_faults() {
	_, err := config.FromMap(map[string]string{
		"HTTP_ADDR": "9000", "LOG_LEVEL": "loud", "SHOP_MAX_ITEMS": "many", "SHOP_OWNERS": "ada",
	}, settings)
	fmt.Println(err)
	// Output:
	// configuration is not valid:
	//   LOG_LEVEL: found "loud", accepted is debug or info or warn or error
	//   HTTP_ADDR: found "9000", accepted is host:port or :port, with a port from 0 to 65535
	//   SHOP_MAX_ITEMS: found "many", accepted is a whole number
	//   SHOP_PASSWORD: missing, needed with SHOP_OWNERS
}
