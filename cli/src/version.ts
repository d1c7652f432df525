/** The version of this program: that of its `deno.json`, which the npm package does not have. */
export const version = "0.1.0";
