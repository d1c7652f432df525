/**
 * An answer of XenStore, as the kernel hands it out.
 *
 * @param text The body.
 * @param type The type of the message. Default is that of an answer to a read.
 * @param id The request that it answers. Default is the one that the library makes.
 */
export function xenstoreAnswer(text: string, type = 2, id = 1): Uint8Array {
  const body = new TextEncoder().encode(text);
  const answer = new Uint8Array(16 + body.length);
  answer.set(body, 16);
  const view = new DataView(answer.buffer);
  view.setUint32(0, type, true);
  view.setUint32(4, id, true);
  view.setUint32(12, body.length, true);
  return answer;
}
