package markdown

import (
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestParseTag(t *testing.T) {
	for source, want := range map[string]string{
		"<b>":                               "<b>",
		"</B >":                             "</b>",
		"<br/>":                             "<br>",
		"<hr />rest":                        "<hr>",
		"<ABBR TITLE='a \"b\" c'>":          `<abbr title="a &#34;b&#34; c">`,
		"<abbr title=\"a &lt; b\">":         `<abbr title="a &lt; b">`,
		"<b onclick=x style='y' title=z>":   `<b title="z">`,
		"<details open>":                    `<details open="">`,
		"<td colspan=2\n align = \"left\">": `<td colspan="2" align="left">`,
		"<li value=3>":                      `<li value="3">`,
		"<img src=/a.png alt=x>":            `<img src="/a.png" alt="x">`,
	} {
		tag, ok := parseTag([]byte(source))
		require.True(t, ok, source)
		tag.isMarkup = true
		require.Equal(t, want, tag.renderTag(), source)
		require.True(t, strings.HasPrefix(source, tag.source), source)
	}
	for _, source := range []string{
		"", "b", "<", "<>", "< b>", "<b", "<script>", "<svg>", "<custom-tag>", "<b/>", "<b and c>", "<b 1=2>",
		"</b title=x>",
		"</br>", "<b title=\"x>", "<b title=a\"b>", "<img src='javascript:x'>", "<img>",
		"<img src=data:image/png;base64,x>",
		"<b title=\"" + strings.Repeat("x", maxTagBytes) + "\">",
	} {
		_, ok := parseTag([]byte(source))
		require.False(t, ok, "%.40q", source)
	}
}

// matched returns which of the tags are markup after they were matched: "b /b" for "<b><i></b>".
func matched(t *testing.T, source string) string {
	t.Helper()
	var tags []*tag
	for rest := source; rest != ""; {
		tag, ok := parseTag([]byte(rest))
		require.True(t, ok, rest)
		tags = append(tags, tag)
		rest = rest[len(tag.source):]
	}
	matchTags(tags)
	var names []string
	for _, tag := range tags {
		if tag.isMarkup {
			names = append(names, strings.Trim(tag.source, "<>"))
		}
	}
	return strings.Join(names, " ")
}

func TestMatchTags(t *testing.T) {
	for source, want := range map[string]string{
		"<b></b>":                                "b /b",
		"<b>":                                    "",
		"</b>":                                   "",
		"</b><b>":                                "",
		"<b><i></b>":                             "b /b",
		"<b><i></b></i>":                         "b /b",
		"<b><b></b>":                             "b /b",
		"<ul><li><li></ul>":                      "ul li li /ul",
		"<li>":                                   "",
		"<br>":                                   "br",
		"<b><br></b>":                            "b br /b",
		"<table><tr><td><td><tr><td></table>":    "table tr td td tr td /table",
		"<ruby><rt></ruby>":                      "ruby rt /ruby",
		"<i></i></i>":                            "i /i",
		"<details><summary></summary></details>": "details summary /summary /details",
	} {
		require.Equal(t, want, matched(t, source), source)
	}
	deep := strings.Repeat("<b>", maxTagDepth+3) + strings.Repeat("</b>", maxTagDepth+3)
	require.Equal(t, 2*maxTagDepth, len(strings.Fields(matched(t, deep))), "deeper tags are text")
}

func TestAnchors(t *testing.T) {
	t.Run("the words of a heading", func(t *testing.T) {
		for heading, want := range map[string]string{
			"Hello, World!": "hello-world",
			"  a  b ":       "a--b",
			"Größe":         "größe",
			"日本語 1":         "日本語-1",
			"C++ & C#":      "c--c",
			"under_score":   "under_score",
			"e\u0301":       "e\u0301",
			"!!!":           "",
			"":              "",
		} {
			require.Equal(t, want, makeAnchor(heading), heading)
		}
		require.Len(t, []rune(makeAnchor(strings.Repeat("ä", 2*maxAnchorLetters))), maxAnchorLetters)
	})
	t.Run("each name is there once", func(t *testing.T) {
		a := newAnchorSet()
		require.True(t, a.reserveName("x-1"))
		require.False(t, a.reserveName("x-1"))
		require.Equal(t, []string{"x", "x-2", "x-3"},
			[]string{a.assignName("x"), a.assignName("x"), a.assignName("x")})
		require.Equal(t, []string{"section", "section-1"}, []string{a.assignName(""), a.assignName("")})
	})
	t.Run("links to them", func(t *testing.T) {
		a := newAnchorSet()
		a.assignName("größe-1")
		for address, want := range map[string]string{
			"#größe-1":                   "#md-größe-1",
			"#md-größe-1":                "#md-größe-1",
			"#gr%C3%B6%C3%9Fe-1":         "#md-größe-1",
			"#Größe 1":                   "#md-größe-1",
			"#other":                     "#other",
			"#":                          "#",
			"#%zz":                       "#%zz",
			"https://x.example/#größe-1": "https://x.example/#größe-1",
			"":                           "",
		} {
			require.Equal(t, want, a.resolveLink(address), address)
		}
	})
}

// The second line of defense holds by itself, whatever the parsers let through.
func TestSanitizePolicy(t *testing.T) {
	for _, hostile := range []string{
		"<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "<a href='javascript:alert(1)'>x</a>",
		"<a href=' java\nscript:alert(1)'>x</a>", "<svg onload=alert(1)>", "<iframe srcdoc='<script>x</script>'>",
		"<b style='background:url(//evil.example)'>x</b>", "<form action=//evil.example><input name=a></form>",
		"<h1 id=location>x</h1>", "<math><mi//xlink:href='data:x,<script>x</script>'>", "<base href=//evil.example>",
		"<meta http-equiv=refresh content='0;url=//evil.example'>", "<img src='data:image/svg+xml,<svg/onload=x>'>",
		"<template><script>x</script></template>", "<noscript><p title='</noscript><img src=x onerror=x>'>",
	} {
		requireSafe(t, sanitizePolicy().Sanitize(hostile))
	}
	kept := `<h1 id="md-x">x</h1><td align="left">1</td><code class="language-go">y</code>`
	require.Equal(t, kept, sanitizePolicy().Sanitize(kept))
}

func TestRenderManyAtOnce(t *testing.T) {
	sources := []string{
		"# Title\n\n[x](#title)",
		"<b>x</b> y[^1]\n\n[^1]: z",
		"| a |\n|---|\n| 1 | 2 |",
		"<!-- c -->\n\n<pre>\nx\n</pre>",
	}
	var want []string
	for _, s := range sources {
		want = append(want, render(t, s))
	}
	got := make([]string, 40)
	var wg sync.WaitGroup
	for i := range got {
		wg.Go(func() { got[i], _ = Render(sources[i%len(sources)]) })
	}
	wg.Wait()
	for i := range got {
		require.Equal(t, want[i%len(want)], got[i], "texts share no anchors and no tags")
	}
}

func TestRestoredText(t *testing.T) {
	for source, want := range map[string]string{
		"| a |\n|---|\n| 1 | *2* | 3":       "<td>1</td>\n<td>*2*</td>\n<td>3</td>",
		"[a]: /x \"title\"":                 `<p>[a]: /x &#34;title&#34;</p>`,
		"[^a]: one\n\n    two":              "<p>[^a]: one</p>\n<p>two</p>",
		"![alt **bold**](javascript:x)":     "<p>alt <strong>bold</strong></p>",
		"<std::string>":                     "<p>&lt;std::string&gt;</p>",
		"![a <b>c</b> d](x.png)":            `<p><img src="x.png" alt="a &lt;b&gt;c&lt;/b&gt; d"></p>`,
		"a <https://x.example> b":           `<p>a <a href="https://x.example" rel="nofollow noreferrer">https://x.example</a> b</p>`,
		"<div>\n<script>x</script>\n</div>": "<div>\n&lt;script&gt;x&lt;/script&gt;\n</div>",
	} {
		require.Contains(t, render(t, source), want, source)
	}
}
