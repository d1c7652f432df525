import type { StoreConnection } from "../../../src/contract/store_backend.ts";
import { checkReceive, checkSend } from "../../../src/contract/store_checks.ts";
import { StoreError, type StoreOperation } from "../../../src/contract/store_errors.ts";
import { storeRequestOf } from "../../../src/contract/store_operations.ts";
import { HEADER_SIZE, type StoreHeader } from "../../../src/contract/store_wire.ts";
import type { KernelFile, OpenStore, ProcessState } from "../kernel.ts";
import { Mailbox } from "./mailbox.ts";

/**
 * Throws unless a program runs.
 *
 * @throws {StoreError} `closed` if it was killed, or its domain destroyed.
 */
export function checkStoreAlive({ alive, domain }: ProcessState, operation: StoreOperation): void {
  if (alive) return;
  const { destroyed, domid } = domain;
  const reason = destroyed ? `domain ${domid} was destroyed` : `this process of domain ${domid} was killed`;
  throw new StoreError(
    `Cannot ${operation}: ${reason}. Open the store in another ${destroyed ? "domain" : "process"}.`,
    { code: "closed", operation },
  );
}

/** An open connection of a program: what both kinds do alike. */
export abstract class MockStoreConnection implements StoreConnection, KernelFile {
  abstract readonly maxPayload: number;
  abstract readonly maxInFlight: number;
  abstract readonly store: OpenStore;
  readonly process: ProcessState;
  protected readonly mailbox = new Mailbox();

  constructor(process: ProcessState) {
    this.process = process;
    process.domain.files.add(this);
  }

  send(message: Uint8Array<ArrayBuffer>): void {
    const header = checkSend(message, this.maxPayload);
    checkStoreAlive(this.process, storeRequestOf(header.type) ?? "write");
    this.handle(header, message.subarray(HEADER_SIZE));
  }

  protected abstract handle(header: StoreHeader, payload: Uint8Array<ArrayBuffer>): void;

  receive(bytes: Uint8Array<ArrayBuffer>): number {
    checkStoreAlive(this.process, "wait");
    checkReceive(bytes);
    return this.mailbox.receive(bytes);
  }

  whenReadable(callback: () => void): () => void {
    // None of the code of a dead program runs.
    return this.process.alive ? this.mailbox.whenReadable(callback) : () => {};
  }

  close(): void {
    if (this.process.domain.files.has(this)) this.closeByKernel();
  }

  closeByKernel(): void {
    this.process.domain.files.delete(this);
    this.mailbox.end();
    this.end();
  }

  /** Ends the watches and transactions. */
  protected abstract end(): void;
}
