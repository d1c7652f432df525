import { type Lesson, readLesson } from "../lesson.ts";

/** Reads all lessons, in the order of their files. */
export async function readLessons(repository: string): Promise<Lesson[]> {
  const folder = `${repository}/site/lessons`;
  const names = (await Array.fromAsync(Deno.readDir(folder))).map(({ name }) => name).sort();
  return await Promise.all(
    names.map(async (name) =>
      readLesson(name.replace(/^\d+_|\.js$/g, ""), await Deno.readTextFile(`${folder}/${name}`))
    ),
  );
}
