/**
 * A program for tests of permissions: sends a request through XenStore's socket, which the environment names, and prints
 * the reply as JSON.
 *
 * Argument: `"do not wait"` to wait for no reply, or `"error"` to print the error of `open()`.
 *
 * @module
 */

import { denoDomain } from "../../../backends/deno.ts";
import { StoreError } from "../../../src/contract/store_errors.ts";
import { StoreMessage } from "../../../src/contract/store_wire.ts";
import { message, readable, takeAll } from "../store_messages.ts";

const { store } = denoDomain();
if (Deno.args[0] === "error") {
  try {
    store.open();
  } catch (error) {
    if (!(error instanceof StoreError)) throw error;
    console.log(JSON.stringify({ code: error.code, operation: error.operation }));
  }
} else {
  const connection = store.open();
  connection.send(message(StoreMessage.READ, "from a program"));
  if (Deno.args[0] !== "do not wait") {
    await readable(connection);
    console.log(JSON.stringify({ name: store.name, text: takeAll(connection)[0]!.text }));
    connection.close();
  }
}
