import { expect, test } from "vitest";
import { Player } from "../../site/src/play/player.ts";

test("a program that cannot be prepared leaves the player idle, whatever the reason", async () => {
  const heard: unknown[] = [];
  const player = new Player(Promise.resolve(""), {
    onFrame: () => {},
    onPrint: () => {},
    onWorld: () => {},
    onState: (state) => heard.push(state),
    onFailure: ({ text, line }) => heard.push([text, line]),
  });
  await player.start(Promise.resolve({ text: "no", code: undefined, line: 2 }), false);
  expect(heard.splice(0)).toEqual(["idle", "running", "idle", ["no", 2]]);
  await player.start(Promise.reject(new TypeError("no")), true);
  expect(heard.splice(0)).toEqual(["idle", "paused", "idle", [
    "Cannot run the program: TypeError: no. Change it.",
    undefined,
  ]]);
  const first = player.start(Promise.reject(new TypeError("late")), false);
  player.stop();
  await first;
  expect(heard).toEqual(["idle", "running", "idle"]);
});
