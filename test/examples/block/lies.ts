/** Answers of a backend that lies. */
import type { Request } from "../../../examples/block/protocol.ts";
import type { HandBackend } from "./hand_backend.ts";

const id = (number: number) => {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(number), true);
  return bytes;
};

/** How the backend answers the first request, a read, and what the frontend says of it. */
export const LIES: readonly (readonly [
  name: string,
  message: RegExp,
  lie: (backend: HandBackend, request: Request) => void,
])[] = [
  ["with an id that was never given", /it has answered request 77, which is not under way/, (backend, { answers }) => {
    backend.answer({ id: id(77), answers });
  }],
  ["with an id that is too large to be a number", /which is not under way/, (backend, { answers }) => {
    backend.answer({ id: new Uint8Array(8).fill(0xff), answers });
  }],
  ["with the right id and more behind it", /which is not under way/, (backend, { id, answers }) => {
    const other = id.slice();
    other[7] = 1;
    backend.answer({ id: other, answers });
  }],
  ["as another operation", /as operation 1, and it was operation 0/, (backend, { id }) => {
    backend.answer({ id, answers: 1 });
  }],
  ["with a status that means nothing", /with the status 5, which means nothing/, (backend, request) => {
    backend.answer(request, 5);
  }],
  ["with another status that means nothing", /with the status -3, which means nothing/, (backend, request) => {
    backend.answer(request, -3);
  }],
  [
    "more often than it was asked",
    /claims that there are 2 responses where there can be 0 to 1/,
    (backend, request) => {
      backend.answer(request);
      backend.ring.push();
      backend.setWord(2, 2);
    },
  ],
  ["very often", /claims that there are 2147483647 responses/, (backend) => backend.setWord(2, 2 ** 31 - 1)],
  ["less often than before", /claims that there are -1 responses/, (backend) => backend.setWord(2, 0xffff_ffff)],
];
