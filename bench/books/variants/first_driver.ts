/**
 * The first driver's algorithm in plain TypeScript: see `first_driver.c`.
 *
 * @module
 */
import type { Books } from "./books.ts";
import { References } from "./references.ts";

/** A page, in the list of its file and in the list of all pages. */
class Node {
  readonly file: NodeFile;
  readonly page: number;
  readonly gref: number;
  /** One while the page is listed. */
  uses = 1;
  next: Node | undefined = undefined;
  previous: Node | undefined = undefined;
  nextInFile: Node | undefined = undefined;
  previousInFile: Node | undefined = undefined;

  constructor(file: NodeFile, page: number, gref: number) {
    this.file = file;
    this.page = page;
    this.gref = gref;
  }
}

class NodeFile {
  first: Node | undefined = undefined;
  last: Node | undefined = undefined;
  next = 0;
}

/** Finds pages by walking, and cleans up the whole list at each allocation and each free. */
export class FirstDriverBooks implements Books<NodeFile> {
  readonly references = new References();
  #first: Node | undefined;
  #last: Node | undefined;

  open(): NodeFile {
    return new NodeFile();
  }

  allocate(file: NodeFile, count: number): number {
    this.#cleanUp();
    const page = file.next;
    for (let index = 0; index < count; index++) this.#append(new Node(file, page + index, this.references.add()));
    file.next = page + count;
    return page;
  }

  #append(node: Node): void {
    node.previous = this.#last;
    if (this.#last) this.#last.next = node;
    else this.#first = node;
    this.#last = node;
    const { file } = node;
    node.previousInFile = file.last;
    if (file.last) file.last.nextInFile = node;
    else file.first = node;
    file.last = node;
  }

  #destroy(node: Node): void {
    if (node.next) node.next.previous = node.previous;
    else this.#last = node.previous;
    if (node.previous) node.previous.next = node.next;
    else this.#first = node.next;
  }

  #unlist(node: Node): void {
    const { file } = node;
    if (node.nextInFile) node.nextInFile.previousInFile = node.previousInFile;
    else file.last = node.previousInFile;
    if (node.previousInFile) node.previousInFile.nextInFile = node.nextInFile;
    else file.first = node.nextInFile;
    node.uses--;
  }

  /** Removes every page that is neither in use nor held by the peer. Walks all pages. */
  #cleanUp(): void {
    for (let node = this.#first; node;) {
      const next: Node | undefined = node.next;
      if (node.uses === 0 && this.references.end(node.gref)) this.#destroy(node);
      node = next;
    }
  }

  /** Returns the node of the first page, if all pages of the run are listed. */
  #findRun(file: NodeFile, page: number, count: number): Node | undefined {
    let node = file.first;
    while (node && node.page !== page) node = node.nextInFile;
    const first = node;
    for (let index = 0; index < count; index++) {
      if (!node || node.page !== page + index) return undefined;
      node = node.nextInFile;
    }
    return count > 0 ? first : undefined;
  }

  free(file: NodeFile, page: number, count: number): boolean {
    let node = this.#findRun(file, page, count);
    if (!node) return false;
    for (let left = count; left > 0; left--) {
      const next: Node | undefined = node!.nextInFile;
      this.#unlist(node!);
      node = next;
    }
    this.#cleanUp();
    return true;
  }

  find(file: NodeFile, page: number, count: number): boolean {
    return this.#findRun(file, page, count) !== undefined;
  }

  gref(file: NodeFile, page: number): number {
    return this.#findRun(file, page, 1)!.gref;
  }
}
