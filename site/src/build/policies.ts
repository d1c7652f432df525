/** What pages may do: `Content-Security-Policy`, which each page brings itself, as no server is asked for headers. */

async function hashOf(text: string): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
  return `'sha256-${new Uint8Array(digest).toBase64()}'`;
}

const COMMON = ["default-src 'none'", "base-uri 'none'", "form-action 'none'", "img-src 'self'"];

/** The policy of pages whose only script registers the service worker. */
export const READING: string = [...COMMON, "style-src 'self'", "script-src 'self'", "worker-src 'self'"].join("; ");

/**
 * The policy of the playground, which the frame and the worker of a program inherit.
 *
 * @param frameScript The script of the frame.
 * @param pictureStyles The sheet of styles that pictures carry.
 */
export async function playing(frameScript: string, pictureStyles: string): Promise<string> {
  return [
    ...COMMON,
    "connect-src 'self'",
    `style-src 'self' ${await hashOf(pictureStyles)}`,
    // Browsers write styles into the elements of text that is being edited.
    "style-src-attr 'unsafe-inline'",
    `script-src 'self' blob: 'wasm-unsafe-eval' ${await hashOf(frameScript)}`,
    "worker-src 'self' blob:",
  ].join("; ");
}
