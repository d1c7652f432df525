/** What stands in the way of a release. */

/** What is known of the version that is to be published. */
export interface Candidate {
  readonly version: string;
  /** The text of the changelog. */
  readonly changelog: string;
  /** The lines of `git status --porcelain`. */
  readonly changes: readonly string[];
  readonly tags: readonly string[];
  /** The address of the repository, as the package says it. */
  readonly repository: string;
}

/** Why it may not be published: nothing, if it may. */
export function obstaclesTo({ version, changelog, changes, tags, repository }: Candidate): string[] {
  const obstacles: string[] = [];
  const [, newest, day] = /^## (\S+) — (.+)$/m.exec(changelog) ?? [];
  if (newest !== version) {
    obstacles.push(`the version in deno.json is ${version}, and the newest one of CHANGELOG.md is ${newest ?? "none"}`);
  } else if (!/^\d{4}-\d{2}-\d{2}$/.test(day!)) {
    obstacles.push(`CHANGELOG.md must say the day of ${version}, as YYYY-MM-DD: it says ${day}`);
  }
  if (changes.length > 0) obstacles.push(`the tree must be clean: ${changes.length} files are not as committed`);
  if (tags.includes(`v${version}`)) obstacles.push(`${version} is released: the tag v${version} is there`);
  if (new URL(repository).hostname.endsWith(".invalid")) {
    obstacles.push(`the repository's address is not known yet: set it in scripts/npm/manifest.ts (${repository})`);
  }
  return obstacles;
}
