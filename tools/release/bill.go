package main

import (
	"bytes"
	"debug/buildinfo"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	cdx "github.com/CycloneDX/cyclonedx-go"
	"github.com/google/uuid"
)

// describeBinary returns the bill of materials of a program in CycloneDX 1.6: its own version and checksum, and each
// module that the linker has written into it. Go's standard library is among them, as it has faults of its own. The
// same binary and time give the same bytes.
func describeBinary(binary string, src source) ([]byte, error) {
	info, err := buildinfo.ReadFile(binary)
	if err != nil {
		return nil, err
	}
	sum, err := hashFile(binary)
	if err != nil {
		return nil, err
	}
	bom := cdx.NewBOM()
	bom.SerialNumber = uuid.NewSHA1(uuid.NameSpaceOID, []byte(programName+" "+sum)).URN()
	bom.Metadata = &cdx.Metadata{
		Timestamp: src.time.Format(time.RFC3339),
		Component: &cdx.Component{
			Type: cdx.ComponentTypeApplication, Name: programName, Version: src.version,
			BOMRef:     packageURL(info.Main.Path, src.version),
			PackageURL: packageURL(info.Main.Path, src.version),
			Hashes:     &[]cdx.Hash{{Algorithm: cdx.HashAlgoSHA256, Value: sum}},
			Properties: listSettings(info.Settings),
		},
	}
	components := []cdx.Component{newComponent("std", strings.TrimPrefix(info.GoVersion, "go"), "")}
	for _, dep := range info.Deps {
		m := replaced(dep)
		components = append(components, newComponent(m.Path, m.Version, m.Sum))
	}
	slices.SortFunc(components, func(a, b cdx.Component) int { return strings.Compare(a.BOMRef, b.BOMRef) })
	bom.Components = &components
	var out bytes.Buffer
	encoder := cdx.NewBOMEncoder(&out, cdx.BOMFileFormatJSON).SetPretty(true).SetEscapeHTML(false)
	if err := encoder.EncodeVersion(bom, cdx.SpecVersion1_6); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

// newComponent returns a module as a component. sum is the checksum in go.sum, empty if there is none.
func newComponent(path, version, sum string) cdx.Component {
	url := packageURL(path, version)
	c := cdx.Component{
		Type: cdx.ComponentTypeLibrary, Name: path, Version: version, BOMRef: url, PackageURL: url,
		Scope: cdx.ScopeRequired,
	}
	// h1: is SHA-256 in base64 over the list of files of the module.
	if raw, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(sum, "h1:")); err == nil && len(raw) == 32 {
		c.Hashes = &[]cdx.Hash{{Algorithm: cdx.HashAlgoSHA256, Value: hex.EncodeToString(raw)}}
	}
	return c
}

// packageURL returns the address of a module by which scanners know it (purl-spec, type golang).
func packageURL(path, version string) string {
	return fmt.Sprintf("pkg:golang/%s@%s", path, strings.ReplaceAll(version, "+", "%2B"))
}

// listSettings returns how the program was built, as go version -m shows it.
func listSettings(settings []debug.BuildSetting) *[]cdx.Property {
	properties := make([]cdx.Property, 0, len(settings))
	for _, s := range settings {
		properties = append(properties, cdx.Property{Name: "go:build:" + s.Key, Value: s.Value})
	}
	return &properties
}
