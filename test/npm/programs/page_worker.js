/** Compiles the core in a worker, and sends it to the page. */

postMessage(await WebAssembly.compileStreaming(fetch("/core.wasm")));
