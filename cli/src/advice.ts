/** What the library advises to a program, and what somebody who types a command can do instead. */
const INSTEAD: readonly (readonly [advice: RegExp, instead: string])[] = [
  [/To develop without Xen, use MockXen from "[^"]*"\./, "To try it without Xen, use --mock."],
  [/, or raise `limit` of (MockXen's|the) domain( \d+)?/, ""],
  [/have its owner set that right with `setPermissions`/, "have its owner set that right with `gntalloc store perms`"],
  [/, or wait for it with `waitFor`/, ""],
  [/: `waitFor` waits for both/, ""],
  [/, or raise `timeout`/, ", or wait longer"],
];

/** Says a message of the library to somebody who types commands. */
export function forCommands(message: string): string {
  return INSTEAD.reduce((text, [advice, instead]) => text.replace(advice, instead), message);
}
