import type { Lesson } from "../lesson.ts";
import { highlighted } from "./highlight.ts";
import { escape } from "./shell.ts";

/** The body of the first page, with the first lesson's program. */
export function homeBody(lessons: readonly Lesson[]): string {
  const [first] = lessons as [Lesson];
  return `<div class="home">
<div class="hero">
<div>
<h1>Share memory between Xen domains</h1>
<p class="lead">Grant pages, map them on both sides, and wake the other side: from TypeScript, on Deno and Node, as C
programs do with <code>/dev/xen/gntalloc</code>. Or on a simulated Xen, in any browser.</p>
<p class="ways"><a class="button main" href="play/index.html">Open the playground</a>
<a class="button" href="docs/index.html">Read the guides</a></p>
</div>
<figure>
<pre tabindex="0"><code>${highlighted(first.program.trim(), "js")}</code></pre>
<figcaption><a href="play/index.html#${first.id}">Run it, step by step</a></figcaption>
</figure>
</div>
<ul class="cards">
<li><a href="play/index.html"><h2>Learn it by looking</h2><p>${lessons.length} lessons, from “${
    escape(first.title)
  }” to “${
    escape(lessons.at(-1)!.title)
  }”, show grant tables, pages, event channels and XenStore as each call changes them.</p></a></li>
<li><a href="docs/index.html"><h2>Guides</h2><p>From nothing to a page between two domains, to channels of bytes, and to
the driver of a disk.</p></a></li>
<li><a href="api/index.html"><h2>API</h2><p>Every class and function, with examples that run as tests.</p></a></li>
<li><a href="docs/performance.html"><h2>Performance</h2><p>What a call costs, compared with C, measured by commands that you
can run.</p></a></li>
</ul>
</div>`;
}
