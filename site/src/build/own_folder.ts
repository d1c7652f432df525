/** Whether a text has the path of a folder, and not only of one whose path is longer. */
export function namesFolder(text: string, folder: string): boolean {
  const isPartOfName = (character: string | undefined) => /[\w.-]/.test(character ?? "");
  for (let index = text.indexOf(folder); index >= 0; index = text.indexOf(folder, index + 1)) {
    if (!isPartOfName(text[index - 1]) && !isPartOfName(text[index + folder.length])) return true;
  }
  return false;
}
