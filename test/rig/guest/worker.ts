/**
 * A worker that does a number of rounds, beside others in the same process. A round throws if it finds a wrong byte.
 */
import { churn } from "./churn_rounds.ts";

// The types of a worker's scope differ from those of a program.
const scope = self as unknown as {
  onmessage(event: { data: { number: number; rounds: number } }): void;
  postMessage(rounds: number): void;
  close(): void;
};

scope.onmessage = ({ data: { number, rounds } }) => {
  let done = 0;
  const steps = churn(10 + number * 50);
  for (let step = 0; step < rounds * 5; step++) {
    steps.next();
    if (step % 5 === 4) done++;
  }
  scope.postMessage(done);
  scope.close();
};
