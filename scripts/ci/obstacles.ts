/** Finds what stands in the way of a release. */

/** A version that is about to be published. */
interface Candidate {
  readonly version: string;
  /** The text of CHANGELOG.md. */
  readonly changelog: string;
  /** The lines of `git status --porcelain`. */
  readonly changes: readonly string[];
  readonly tags: readonly string[];
  /** The address of the repository that the package names. */
  readonly repository: string;
}

/** Returns the reasons not to publish: none if the candidate is ready. */
export function obstaclesTo({ version, changelog, changes, tags, repository }: Candidate): string[] {
  const obstacles: string[] = [];
  const [, newest, day] = /^## (\S+) — (.+)$/m.exec(changelog) ?? [];
  if (newest !== version) {
    obstacles.push(`deno.json has version ${version}, but the newest one in CHANGELOG.md is ${newest ?? "none"}`);
  } else if (!/^\d{4}-\d{2}-\d{2}$/.test(day!)) {
    obstacles.push(`CHANGELOG.md must date ${version} as YYYY-MM-DD: it says ${day}`);
  }
  if (changes.length > 0) obstacles.push(`the working tree must be clean: ${changes.length} files are changed`);
  if (tags.includes(`v${version}`)) obstacles.push(`${version} is already released: the tag v${version} exists`);
  if (new URL(repository).hostname.endsWith(".invalid")) {
    obstacles.push(`the repository has no public address yet: set it in scripts/npm/manifest.ts (${repository})`);
  }
  return obstacles;
}
