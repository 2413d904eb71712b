package markdown

import (
	"fmt"
	"math/rand/v2"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/net/html"
)

func render(t testing.TB, source string) string {
	t.Helper()
	out, err := Render(source)
	require.NoError(t, err)
	return out
}

// parsed returns the elements of rendered HTML.
func parsed(t testing.TB, markup string) *html.Node {
	t.Helper()
	root, err := html.Parse(strings.NewReader(markup))
	require.NoError(t, err)
	return root
}

// textOf returns the text that a reader sees, alternative texts of images included.
func textOf(t testing.TB, markup string) string {
	var b strings.Builder
	for n := range parsed(t, markup).Descendants() {
		if n.Type == html.TextNode {
			b.WriteString(n.Data)
		}
		for _, a := range n.Attr {
			if a.Key == "alt" {
				b.WriteString(a.Val)
			}
		}
	}
	return b.String()
}

func TestWhatIsNoHTMLIsShownAsTyped(t *testing.T) {
	for _, s := range []string{
		"If a<b and c>d then stop", "List<String>", "<your name>", "Dear <your name>, hello",
		"Map<String, List<Integer>>", "vector<std::string> v;",
		"a<b>c", "List<b> and List<i>", "x<p and q>y", "<p and q> are primes", "#include <stdio.h>",
		"<T: Clone>", "<script>alert(1)</script>",
		"<style>p{}</style>", "<?php echo 1; ?>", "<!DOCTYPE html>", "<![CDATA[x]]>",
		"<iframe src=x></iframe>", "<form><input name=a></form>",
		"<b>never closed", "closed only</b>", "<sub>2</sup>", "<b><i>wrong</b></i>"[:3] + "x",
		"<video controls>", "a <- b", "a <= b >= c", "<>", "</>", "< b >x",
		"<x-y>", "<details>", "<svg/onload=alert(1)>", "<javascript:alert(1)>", "<foo:bar>",
		"<!-- never closed", "<pre>never closed", "1 < 2 && 3 > 2",
		"<a href=\"x\" b>", "<div class=x y>", "<body>", "<sub/>x", "<title>x</title>", "&lt;b&gt; is not <bold>",
	} {
		for name, source := range map[string]string{
			"alone":             s,
			"in a sentence":     "See: " + s + " end",
			"in a list":         "- " + s,
			"in a quote":        "> " + s,
			"in a table":        "| a |\n|---|\n| " + s + " |",
			"in a heading":      "# " + s,
			"after a paragraph": "word\n" + s + "\n\nend",
		} {
			want := html.UnescapeString(s)
			require.Contains(t, textOf(t, render(t, source)), want, "%s: %q became %q", name, source,
				render(t, source))
		}
	}
}

func TestHarmlessHTMLPasses(t *testing.T) {
	for source, want := range map[string]string{
		"H<sub>2</sub>O": "<p>H<sub>2</sub>O</p>",
		"x<sup>2</sup> <kbd>Ctrl</kbd>+<KBD>C</KBD>":                   "<p>x<sup>2</sup> <kbd>Ctrl</kbd>+<kbd>C</kbd></p>",
		"<mark>**x**</mark>":                                           "<p><mark><strong>x</strong></mark></p>",
		"a<br>b<br/>c":                                                 "<p>a<br>b<br>c</p>",
		"<b onclick=\"x()\" style='color:red' class=y>z</b>":           "<p><b>z</b></p>",
		"<img src=x onerror=alert(1)>":                                 `<p><img src="x"></p>`,
		"<abbr title=\"a < b\">c</abbr>":                               `<p><abbr title="a &lt; b">c</abbr></p>`,
		"<details>\n<summary>Answer</summary>\n\n**42**\n\n</details>": "<details>\n<summary>Answer</summary>\n<p><strong>42</strong></p>\n</details>",
		"<details open><summary>A</summary>42 & more</details>":        `<details open=""><summary>A</summary>42 &amp; more</details>`,
		"- <details><summary>A</summary>\n\n  in\n\n  </details>":      "<ul>\n<li>\n<details><summary>A</summary>\n<p>in</p>\n</details></li>\n</ul>",
		"<ul>\n<li>one\n<li>two\n</ul>":                                "<ul>\n<li>one\n<li>two\n</ul>",
		"<pre>\na\n\n  b < c\n</pre>":                                  "<pre>\na\n\n  b &lt; c\n</pre>",
		"<div align=\"center\">\n\n# T\n\n</div>":                      "<div align=\"center\">\n<h1 id=\"md-t\">T</h1>\n</div>",
		"<table><tr><td align=right colspan=2>1</td></tr></table>":     `<table><tr><td align="right" colspan="2">1</td></tr></table>`,
		"a <!-- hidden --> b":                                          "<p>a  b</p>",
		"<!-- hidden\n\nstill -->\n\nb":                                "<p>b</p>",
		"<!-- hidden --> *b*":                                          "<p> <em>b</em></p>",
		"<a href=\"https://x.example\">x</a>":                          `<p><a href="https://x.example" rel="nofollow noreferrer">x</a></p>`,
		"<a href=\"javascript:alert(1)\">x</a>":                        "<p>x</p>",
	} {
		require.Equal(t, want, strings.TrimSpace(render(t, source)), source)
	}
}

func TestMarkdownKeepsItsForm(t *testing.T) {
	for source, want := range map[string][]string{
		"| l | c | r |\n|:--|:-:|--:|\n| 1 | 2 | 3 |": {
			`<th align="left">l</th>`, `<th align="center">c</th>`, `<td align="right">3</td>`,
		},
		"```go\nfmt.Println(\"<b>\")\n```": {`<pre><code class="language-go">fmt.Println(&#34;&lt;b&gt;&#34;)`},
		"~~~c++ title=x\nx\n~~~":           {`<code class="language-c++">`},
		"~~a~~ **b** https://x.example": {
			"<del>a</del>", "<strong>b</strong>", `<a href="https://x.example"`,
		},
		"- [x] done\n- [ ] open": {
			`<input checked="" disabled="" type="checkbox"> done`, `<input disabled="" type="checkbox"> open`,
		},
		"![An image, \"so\" <b>](x.png \"a title\")": {
			`<img src="x.png" alt="An image, &#34;so&#34; &lt;b&gt;" title="a title">`,
		},
		"![kept](javascript:alert(1))":  {"<p>kept</p>"},
		"| a |\n|---|\n| 1 | two | 3 |": {"<td>1</td>", "<td>two</td>", "<td>3</td>"},
		"[Note]: remember":              {"<p>[Note]: remember</p>"},
		"[a]: /x\n[a]: /second\n\n[a]":  {`<a href="/x"`, "<p>[a]: /second</p>"},
		"[^1]: never used":              {"<p>[^1]: never used</p>"},
	} {
		for _, part := range want {
			require.Contains(t, render(t, source), part, source)
		}
	}
}

// Every link within a text leads to an id of it, and each id is there once and names nothing
// outside.
func TestAnchorsLead(t *testing.T) {
	source := "# Introduction\n\n[to it](#introduction) [Größe](#größe-der-welt) " +
		"[coded](#gr%C3%B6%C3%9Fe-der-welt) [second](#introduction-1) [raw](#here) [upper](#Introduction)\n\n" +
		"## Introduction\n\n## Größe *der* `Welt`\n\n## location\n\n### !!!\n\n### ???\n\n## Introduction-1\n\n" +
		"<a id=\"here\"></a><a name=\"here\"></a>note[^1] again[^1] other[^x]\n\n" +
		"<h2 id=\"introduction\">taken</h2>\n\n<a href=\"#location\">l</a>\n\n[^1]: one\n[^x]: two\n"
	markup := render(t, source)
	ids, hrefs := map[string]int{}, []string{}
	for n := range parsed(t, markup).Descendants() {
		for _, a := range n.Attr {
			switch a.Key {
			case "id":
				ids[a.Val]++
				require.True(t, strings.HasPrefix(a.Val, "md-"), a.Val)
			case "href":
				require.True(t, strings.HasPrefix(a.Val, "#"), a.Val)
				hrefs = append(hrefs, a.Val[1:])
			}
		}
	}
	for id, n := range ids {
		require.Equal(t, 1, n, id)
	}
	require.Len(t, hrefs, 7+3+3)
	for _, h := range hrefs {
		h = strings.NewReplacer("%C3%B6", "ö", "%C3%9F", "ß").Replace(h)
		require.Contains(t, ids, h, markup)
	}
	for _, id := range []string{
		"md-introduction", "md-introduction-1", "md-größe-der-welt", "md-location", "md-section", "md-section-1",
		"md-here", "md-fn:1", "md-fnref:1",
	} {
		require.Contains(t, ids, id)
	}
}

// Texts put together at random from words and from all that could make words vanish: each word is
// there afterwards.
func TestNoWordDisappears(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	joints := []string{
		" ", "\n", "\n\n", "\n- ", "\n> ", "\n# ", "\n1. ", "<b>", "</b>", "<i>", "</i>", "<div>",
		"</div>\n", "\n<div>", "\n<details>\n", "\n</details>\n", "<summary>", "</summary>",
		"<", ">", "</", "/>", "<!", "<?", "?>", "-->", "<![CDATA[", "]]>", "*", "**", "_", "`",
		"```\n", "\n~~~\n", "|", "\n|---|---|\n", "\n| ", " |\n", "[", "]", "](x)", "![",
		"](javascript:x)", "]: ", "[^", "[^1]", "\n[^1]: ",
		"<script>", "</script>", "<style>", "\n<pre>", "</pre>\n", "<sub>", "</sub>", "<a href=\"x\">",
		"</a>", "<img src=\"x\">", "&", "&lt;", "\\", "<br>", "<td>", "<table>", "</table>",
		"<select>", "<template>", "<svg>", "<math>", "<p>",
		"<li>", "</li>", "<ul>", "</ul>", "<textarea>", "<title>", "<noscript>", "<plaintext>", "    ", "\t",
		"---\n", "===\n", "<std::", "<b ", "=\"", "'", "<h1>", "</h1>", "<ruby>", "<rt>", "</ruby>",
	}
	// In these places a word is an address, a title, a language or the name of a definition.
	unseen := regexp.MustCompile("(?s)\\]\\([^)]*$|\\]:[^\\n]*\\n?[^\\n]*$|(```|~~~)[^\\n]*$|" +
		"\\[[^\\]]*$|=\"[^>]*$|='[^>]*$|<[a-zA-Z]+ [^>]*$|\\[\\^[^\\]]*$")
	for range 20_000 {
		var source strings.Builder
		var words []string
		for i := range 2 + rnd.IntN(14) {
			if before := source.String(); !unseen.MatchString(before) {
				word := fmt.Sprintf("Word%dq", i)
				words = append(words, word)
				source.WriteString(word)
			}
			source.WriteString(joints[rnd.IntN(len(joints))])
		}
		markup := render(t, source.String())
		shown := textOf(t, markup)
		for _, w := range words {
			require.Contains(t, shown, w, "%q became %q", source.String(), markup)
		}
	}
}

var (
	unsafeElement = regexp.MustCompile(`(?i)^(script|style|iframe|object|embed|form|svg|math|template|base|link|` +
		`meta|textarea|select|button|video|audio)$`)
	unsafeAttribute = regexp.MustCompile(`^(on.*|style)$`)
	unsafeAddress   = regexp.MustCompile(`^(javascript|data|vbscript|file):`)
)

// requireSafe fails the test if markup has an element, an attribute or an address that could run or load something.
func requireSafe(t testing.TB, markup string) {
	t.Helper()
	for n := range parsed(t, markup).Descendants() {
		if n.Type == html.ElementNode {
			require.NotRegexp(t, unsafeElement, n.Data, markup)
		}
		for _, a := range n.Attr {
			require.NotRegexp(t, unsafeAttribute, a.Key, markup)
			if a.Key == "href" || a.Key == "src" {
				require.NotRegexp(t, unsafeAddress, strings.ToLower(strings.TrimSpace(a.Val)), markup)
			}
			if a.Key == "id" {
				require.True(t, strings.HasPrefix(a.Val, idPrefix), "an id %q in %q", a.Val, markup)
			}
		}
	}
}

func FuzzRender(f *testing.F) {
	for _, s := range []string{
		"<b onclick=x>y</b>", "<details>\n\nx\n\n</details>", "[x](javascript:y)", "x[^1]\n\n[^1]: y",
		"<a id=location href='#x'>", "| a |\n|--|\n| <td> | b |", "<!-- x", "<pre>\n<b>",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if strings.ContainsRune(s, 0) || len(s) > 2000 {
			return
		}
		began := time.Now()
		requireSafe(t, render(t, s))
		require.Less(t, time.Since(began), 5*time.Second)
	})
}

// The costliest texts that a caller may pass are rendered in bounded time.
func TestHostileTextsTakeLittleTime(t *testing.T) {
	for name, part := range map[string]string{
		"opening": "<b>", "nested": "<div>\n", "closing": "<i></b>", "comments": "<!--", "quotes": `<b a="`,
		"bare": "<b a", "pre": "<pre>\n", "spaces": "<b      ", "cells": "| a ", "footnotes": "[^a]: x\n",
		"definitions": "[a]: x\n", "same headings": "# a\n", "instructions": "<?", "cdata": "<![CDATA[",
		"autolinks": "<a:b>", "summaries": "<summary>\n\n",
	} {
		began := time.Now()
		markup := render(t, strings.Repeat(part, 200_000/len(part)))
		t.Logf("%s: %s", name, time.Since(began).Round(time.Millisecond))
		require.Less(t, time.Since(began), 10*time.Second, name)
		require.NotEmpty(t, markup, name)
	}
}
