import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** The versions of MQTT that a script is held at: 4 is 3.1.1. */
export type Version = 4 | 5;

/** One line of a script: what one device does, or a while in which nobody does anything. */
export interface Step {
  /** As it stands in the script, with which differences are named. */
  readonly text: string;
  readonly device: string;
  readonly verb: string;
  /** What stands behind the verb without `=`. */
  readonly words: readonly string[];
  readonly options: ReadonlyMap<string, string>;
  /** Options that may be there more than once, such as user properties. */
  readonly all: readonly (readonly [string, string])[];
}

export interface Script {
  readonly name: string;
  readonly versions: readonly Version[];
  readonly steps: readonly Step[];
}

const FOLDER = join(import.meta.dirname, "scripts");
const HEAD = /^== (.+?)(?: \[(4|5)\])?$/;

/** Every script of the folder, in the order of files and lines. */
export function loadScripts(): readonly Script[] {
  const files = readdirSync(FOLDER).toSorted();
  return files.flatMap((file) =>
    parseScripts(file.replace(".txt", ""), readFileSync(join(FOLDER, file), "utf8")),
  );
}

/** Scripts begin with `== NAME`, with `[4]` or `[5]` behind it where they are of one version; `#` begins a comment. */
export function parseScripts(area: string, text: string): readonly Script[] {
  const scripts: { name: string; versions: readonly Version[]; steps: Step[] }[] = [];
  for (const line of text.split("\n").map((each) => each.trim())) {
    if (line === "" || line.startsWith("# ")) continue;
    const head = HEAD.exec(line);
    if (head !== null) {
      const versions: readonly Version[] = head[2] === undefined ? [4, 5] : [head[2] === "4" ? 4 : 5];
      scripts.push({ name: `${area}: ${head[1]}`, versions, steps: [] });
      continue;
    }
    const script = scripts.at(-1);
    if (script === undefined) throw new Error(`${area}: a line before any script: ${line}`);
    script.steps.push(parseStep(line));
  }
  return scripts;
}

function parseStep(text: string): Step {
  const [device = "", verb = "", ...rest] = text.split(/ +/);
  const options = rest.filter((word) => /^[a-z-]+=/.test(word));
  const all = options.map((word): [string, string] => [
    word.slice(0, word.indexOf("=")),
    word.slice(word.indexOf("=") + 1),
  ]);
  return {
    text,
    device,
    verb,
    words: rest.filter((word) => !options.includes(word)),
    options: new Map(all),
    all,
  };
}
