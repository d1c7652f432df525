/** The body of the first page. */
export const HOME_BODY = `<div class="home">
<h1>Share memory between Xen domains</h1>
<p class="lead">Grant pages, map them on both sides, and wake the other side: from TypeScript, on Deno and Node, as C
programs do with <code>/dev/xen/gntalloc</code>. Or on a simulated Xen, in any browser.</p>
<p class="ways"><a class="button main" href="play/index.html">Open the playground</a>
<a class="button" href="docs/index.html">Read the guides</a></p>
<ul class="cards">
<li><a href="play/index.html"><h2>Learn it by looking</h2><p>Lessons run on a simulated Xen, step by step: grant
tables, pages, event channels and XenStore, as each call changes them.</p></a></li>
<li><a href="docs/index.html"><h2>Guides</h2><p>From nothing to a page between two domains, to channels of bytes, and to
the driver of a disk.</p></a></li>
<li><a href="api/index.html"><h2>API</h2><p>Every class and function, with examples that run as tests.</p></a></li>
<li><a href="docs/performance.html"><h2>Performance</h2><p>What a call costs, compared with C, measured by commands that you
can run.</p></a></li>
</ul>
</div>`;
