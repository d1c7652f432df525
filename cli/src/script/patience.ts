/** How long a side waits for what another one does, in milliseconds. */
export const PATIENCE = 10_000;
