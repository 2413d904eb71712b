package markdown_test

import (
	"fmt"

	"lyceum/platform/markdown"
)

func ExampleRender() {
	out, err := markdown.Render("## Week 1\n\nH<sub>2</sub>O, `List<String>` and List<String>. <script>alert(1)</script>\n\n[up](#week-1)")
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Print(out)
	// Output:
	// <h2 id="md-week-1">Week 1</h2>
	// <p>H<sub>2</sub>O, <code>List&lt;String&gt;</code> and List&lt;String&gt;. &lt;script&gt;alert(1)&lt;/script&gt;</p>
	// <p><a href="#md-week-1" rel="nofollow noreferrer">up</a></p>
}
