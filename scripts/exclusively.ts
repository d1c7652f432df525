/**
 * Keeps processes of this machine out of each other's way.
 *
 * @module
 */

/**
 * Runs an action while no other one of the same name runs, in this process or another. Waits for its turn.
 *
 * @returns What the action returns.
 */
export async function exclusively<T>(name: string, action: () => Promise<T>): Promise<T> {
  // A user may not open another one's file.
  const path = `${Deno.env.get("TMPDIR") ?? "/tmp"}/gntalloc-${Deno.uid()}-${name}.lock`;
  const file = await Deno.open(path, { create: true, append: true });
  try {
    await file.lock(true);
    return await action();
  } finally {
    // This ends the lock, as does the end of the process.
    file.close();
  }
}
