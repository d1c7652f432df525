import type { Participant } from "./participant.ts";
import { MARKER, PLACES, STRAYS } from "./places.ts";
import { type Answer, isRequest, type Life, type Request, type Step, type Who } from "./step.ts";

/** A system with XenStore and at least two domains. */
export interface StoreMachine {
  /** The domid of the other domain. */
  readonly domu: number;
  /** The participants that there are. */
  readonly who: readonly Who[];
  /** Opens a new connection. */
  open(who: Who | "control"): Promise<Participant>;
  /**
   * Creates or ends the third domain. When this settles, the daemon knows. If it is absent, there is never such a
   * domain.
   */
  live?(life: Life): Promise<void>;
}

/** Runs sequences on a machine, one after the other. */
export class Executor {
  readonly #machine: StoreMachine;

  constructor(machine: StoreMachine) {
    this.#machine = machine;
  }

  /**
   * Runs a sequence on new connections, in folders that are empty at its beginning. Returns an answer a step.
   *
   * @param onAnswer Called for each answer.
   */
  async play(steps: readonly Step[], onAnswer: (step: Step, answer: Answer) => void = () => {}): Promise<Answer[]> {
    const control = await this.#machine.open("control");
    const participants = new Map<Who, Participant>();
    try {
      await this.#prepare(control);
      for (const who of this.#machine.who) {
        const participant = await this.#machine.open(who);
        participants.set(who, participant);
        await participant.begin();
      }
      const answers: Answer[] = [];
      for (const step of steps) {
        const answer = await this.#answer(step, participants, control);
        answers.push(answer);
        onAnswer(step, answer);
      }
      return answers;
    } finally {
      for (const participant of participants.values()) await participant.close();
      if (participants.has("third")) await this.#machine.live?.("DESTROY");
      await this.#cleanUp(control);
      await control.close();
    }
  }

  async #answer(step: Step, participants: Map<Who, Participant>, control: Participant): Promise<Answer> {
    const reply = isRequest(step)
      ? await participants.get(step.who)?.request(step)
      : await this.#live(step.op as Life, participants);
    if (reply === undefined) return "nobody";
    const parts = [reply];
    await mark(control);
    for (const [who, participant] of participants) {
      const events = await participant.settle();
      if (events.length > 0) parts.push(`${who}: ${events.join(", ")}`);
    }
    return parts.join("; ");
  }

  /** Does something to the third domain. Returns nothing if there is no such domain, or already one. */
  async #live(life: Life, participants: Map<Who, Participant>): Promise<string | undefined> {
    const third = participants.get("third");
    if (this.#machine.live === undefined || (life === "CREATE") === (third !== undefined)) return undefined;
    await third?.close();
    participants.delete("third");
    await this.#machine.live(life);
    if (life === "CREATE") {
      const created = await this.#machine.open("third");
      participants.set("third", created);
      await created.begin();
    }
    return "ok";
  }

  /** Makes the folders and the marker. The other domain owns its folder, as it owns `data`. */
  async #prepare(control: Participant): Promise<void> {
    await this.#cleanUp(control);
    for (const path of [...PLACES, MARKER]) {
      await must(control, { who: "socket", op: "MKDIR", payload: `${path}\0` });
    }
    const [common, , ofDomu] = PLACES;
    await must(control, { who: "socket", op: "SET_PERMS", payload: `${MARKER}\0r0\0` });
    await must(control, { who: "socket", op: "SET_PERMS", payload: `${common}\0b0\0` });
    await must(control, { who: "socket", op: "SET_PERMS", payload: `${ofDomu}\0n{domu}\0` });
  }

  async #cleanUp(control: Participant): Promise<void> {
    for (const path of [...PLACES, ...STRAYS]) await control.request({ who: "socket", op: "RM", payload: `${path}\0` });
  }
}

function mark(control: Participant): Promise<void> {
  return must(control, { who: "socket", op: "WRITE", payload: `${MARKER}\0` });
}

async function must(control: Participant, step: Request): Promise<void> {
  const answer = await control.request(step);
  if (answer !== "ok") {
    throw new Error(`Cannot prepare a sequence: ${JSON.stringify(step)} was answered with ${answer}`);
  }
}
