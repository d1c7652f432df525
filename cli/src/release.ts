/**
 * Runs a body, and then releases what it used, in any case. An error of the body is thrown rather than one of the
 * release, which is often only its consequence.
 */
export async function releasing<Result>(release: () => unknown, body: () => Promise<Result>): Promise<Result> {
  let result: Result;
  try {
    result = await body();
  } catch (error) {
    try {
      await release();
    } catch {
      // The first error says more.
    }
    throw error;
  }
  await release();
  return result;
}
