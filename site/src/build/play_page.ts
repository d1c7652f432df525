/** The body of the playground. */
export const PLAY_BODY = `<h1 class="hidden">Playground</h1>
<div class="play">
<section class="code" aria-label="Program">
<div class="bar">
<label for="lesson">Lesson</label>
<select id="lesson"></select>
<button id="share" type="button">Copy a link</button>
</div>
<p id="about"></p>
<div class="bar controls" role="group" aria-label="Run the program">
<button id="run" type="button" class="main" disabled>Run</button>
<button id="step" type="button" disabled>Step</button>
<button id="back" type="button" aria-disabled="true">Back</button>
<button id="stop" type="button" aria-disabled="true">Stop</button>
<span class="pace"><label for="pace">Speed</label>
<input id="pace" type="range" min="0" max="6" value="2"></span>
<p id="next" role="status">Loading …</p>
</div>
<div id="editor"></div>
<div class="bar">
<p class="note">Programs are JavaScript, without types. Press Escape, then Tab, to leave the editor.</p>
<button id="reset" type="button" aria-disabled="true">Reset</button>
</div>
<h2 id="log-title">What happens</h2>
<div id="log" role="log" aria-labelledby="log-title" tabindex="0"></div>
</section>
<section class="machine" aria-label="The simulated Xen">
<fieldset id="world" class="bar">
<legend>Meanwhile</legend>
<p class="note">Let something happen that your program has no say in: while it runs, waits, or has ended.</p>
<select id="domid" aria-label="Domain"><option value="0">Domain 0</option></select>
<button type="button" aria-disabled="true" data-deed="map">maps a page</button>
<button type="button" aria-disabled="true" data-deed="unmap">lets go</button>
<button type="button" aria-disabled="true" data-deed="kill">is killed</button>
<button type="button" aria-disabled="true" data-deed="destroy">is destroyed</button>
<button type="button" aria-disabled="true" data-deed="fill">fills its table</button>
<button type="button" aria-disabled="true" data-deed="fault">fails once</button>
</fieldset>
<div id="domains"></div>
<h2>XenStore</h2>
<div id="store"></div>
<h2 class="hidden">The whole machine</h2>
<div id="picture"></div>
</section>
</div>`;
