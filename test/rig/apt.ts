/**
 * Package lists of a suite of Debian, which need not be the one of this machine.
 *
 * @module
 */

import { exec } from "../../scripts/exec.ts";
import { isNative, type Machine, USUAL } from "./machines.ts";

const KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg";

/** The packages of a machine. */
export class Apt {
  readonly #options: readonly string[];
  readonly #needsRoot: boolean;

  private constructor(options: readonly string[], needsRoot: boolean) {
    this.#options = options;
    this.#needsRoot = needsRoot;
  }

  /**
   * Opens the package lists of a machine: those of this machine if they are the same, or some of their own in `folder`,
   * from the same mirrors.
   */
  static async open(machine: Machine, folder: string): Promise<Apt> {
    if (isNative(machine)) return new Apt([], true);
    for (const path of ["lists/partial", "cache/archives/partial", "parts"]) {
      await Deno.mkdir(`${folder}/${path}`, { recursive: true });
    }
    await Deno.writeTextFile(`${folder}/status`, "");
    await Deno.writeTextFile(`${folder}/sources.list`, await sourcesOf(machine));
    const { architecture } = machine;
    const settings = {
      "Dir::State": folder,
      "Dir::State::Lists": `${folder}/lists`,
      "Dir::State::status": `${folder}/status`,
      "Dir::Cache": `${folder}/cache`,
      "Dir::Etc::sourcelist": `${folder}/sources.list`,
      "Dir::Etc::sourceparts": `${folder}/parts`,
      "APT::Architecture": architecture,
      "APT::Architectures::": architecture,
      // Another user may have no access to the folder.
      "APT::Sandbox::User": "root",
    };
    return new Apt(Object.entries(settings).flatMap(([name, value]) => ["-o", `${name}=${value}`]), false);
  }

  /** Returns what the lists say of packages: the newest version of each. */
  show(names: readonly string[]): Promise<string> {
    return exec("apt-cache", [...this.#options, "show", "--no-all-versions", ...names]);
  }

  /** Downloads packages, given as `name=version`, into a folder. */
  async download(packages: readonly string[], folder: string): Promise<void> {
    await exec("apt-get", [...this.#options, "download", ...packages], { cwd: folder });
  }

  /**
   * Retries an action once, after an update of the package lists: they may be absent, as in a new container, or name
   * versions that Debian has replaced.
   */
  async withFreshLists<T>(action: () => Promise<T>): Promise<T> {
    try {
      return await action();
    } catch (error) {
      if (this.#needsRoot && Deno.uid() !== 0) throw error;
      await exec("apt-get", [...this.#options, "update"]);
      return await action();
    }
  }
}

/**
 * Returns the sources of a machine's packages: those of this machine, for the other suite and processor. apt lists only
 * sources that it has read.
 */
async function sourcesOf({ suite, architecture }: Machine): Promise<string> {
  const format = "$(REPO_URI) $(RELEASE) $(COMPONENT)";
  const targets = await exec("apt-get", ["indextargets", "--format", format, "Created-By: Packages"]);
  // The unstable suite has no part for security.
  const parts = suite === "sid" ? [""] : ["", "-security"];
  const lines = parts.map((part) => {
    const own = targets.split("\n").map((line) => line.split(" "))
      .find(([, release, component]) => release === `${USUAL.suite}${part}` && component === "main");
    if (own === undefined) throw new Error(`apt has no source of ${USUAL.suite}${part}: add it to its sources`);
    return `deb [arch=${architecture} signed-by=${KEYRING}] ${own[0]} ${suite}${part} main\n`;
  });
  return lines.join("");
}
