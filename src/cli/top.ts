import { HeadwaterError } from "../base/errors.ts";
import { SystemClock } from "../io/bun/clock.ts";
import type { Clock } from "../io/clock.ts";
import type { Command, Input } from "./command.ts";
import { EXIT, UsageError } from "./exit-codes.ts";
import type { HttpDoor } from "./http/door.ts";
import { atDoor, HTTP_FLAGS } from "./http/flags.ts";
import { type Reading, readGateway } from "./top/reading.ts";
import { fitted, type Scene, sceneLines } from "./top/view.ts";
import type { Terminal, World } from "./world.ts";

const DEFAULT_INTERVAL_SEC = 2;
const [MIN_INTERVAL_SEC, MAX_INTERVAL_SEC] = [0.1, 3_600];
const [HOME, CLEAR_LINE, CLEAR_BELOW] = ["\u001b[H", "\u001b[K", "\u001b[J"];
/** q, Q, Ctrl-C, Ctrl-D. */
const END_KEYS: ReadonlySet<string> = new Set(["q", "Q", "\u0003", "\u0004"]);

export const topCommand: Command = {
  name: "top",
  summary: "Watch a running gateway: rates, lag, freshness, doors, space and the busiest topics",
  flags: [
    ...HTTP_FLAGS,
    {
      name: "interval",
      value: "SECONDS",
      doc: `Time between two looks, ${MIN_INTERVAL_SEC} to ${MAX_INTERVAL_SEC}; ${DEFAULT_INTERVAL_SEC} where left out.`,
    },
    { name: "once", doc: "One look, as plain text." },
  ],
  notes: [
    "q ends it. Where the output is no terminal, each look is written below the one before. Rates are means of the gateway's last 10 s.",
    "A gateway that is away is asked again until it is back; with --once the exit code is 3 then.",
  ],
  examples: [
    ["headwater top", "the gateway of this machine"],
    ["headwater top --http 10.0.0.5:8080 --once", "how another one is, at a glance"],
    ["headwater top --interval 10 -o json", "for programs: a line each 10 s"],
  ],
  run: atDoor(top),
};

async function top(input: Input, world: World, door: HttpDoor): Promise<number> {
  const intervalMs = intervalOf(input) * 1000;
  if (input.on("once")) {
    const reading = await readGateway(door);
    world.out(plainText(input, { address: addressOf(door), reading, away: null }));
    return EXIT.ok;
  }
  const terminal = input.json ? null : world.openTerminal();
  try {
    await new Watch(input, world, terminal, door, intervalMs).run();
  } finally {
    terminal?.close();
  }
  return EXIT.ok;
}

function intervalOf(input: Input): number {
  const text = input.value("interval");
  const seconds = text === null ? DEFAULT_INTERVAL_SEC : Number(text);
  if (text?.trim() !== "" && seconds >= MIN_INTERVAL_SEC && seconds <= MAX_INTERVAL_SEC) return seconds;
  throw new UsageError(
    `--interval ${text}: write a number of seconds, ${MIN_INTERVAL_SEC} to ${MAX_INTERVAL_SEC}`,
  );
}

/** Looks again and again until it is told to end. */
class Watch {
  readonly #input: Input;
  readonly #world: World;
  readonly #terminal: Terminal | null;
  readonly #door: HttpDoor;
  readonly #intervalMs: number;
  readonly #clock: Clock = new SystemClock();
  readonly #ended = Promise.withResolvers<"ended">();
  #reading: Reading | null = null;
  /** Monotonic time since which nobody answers, and why. */
  #away: { readonly why: string; readonly sinceMs: number } | null = null;

  constructor(input: Input, world: World, terminal: Terminal | null, door: HttpDoor, intervalMs: number) {
    this.#input = input;
    this.#world = world;
    this.#terminal = terminal;
    this.#door = door;
    this.#intervalMs = intervalMs;
  }

  async run(): Promise<void> {
    void this.#world.interrupted().then(() => this.#ended.resolve("ended"));
    this.#terminal?.onKey((key) => {
      if (END_KEYS.has(key)) this.#ended.resolve("ended");
    });
    this.#terminal?.onResize(() => this.#draw());
    this.#draw();
    while ((await Promise.race([this.#ended.promise, this.#look()])) !== "ended") {
      this.#draw();
      if ((await Promise.race([this.#ended.promise, this.#pause()])) === "ended") return;
    }
  }

  async #look(): Promise<void> {
    try {
      this.#reading = await readGateway(this.#door);
      this.#away = null;
    } catch (error) {
      // Asking again tells nobody who we are.
      if (!(error instanceof HeadwaterError) || error.code === "AUTHENTICATION") throw error;
      const sinceMs = this.#away?.sinceMs ?? this.#clock.monotonicMs();
      this.#away = { why: error.message, sinceMs };
    }
  }

  #pause(): Promise<void> {
    return new Promise((resolve) => this.#clock.after(this.#intervalMs, resolve));
  }

  #draw(): void {
    const away = this.#away && { why: this.#away.why, forMs: this.#clock.monotonicMs() - this.#away.sinceMs };
    const scene: Scene = { address: addressOf(this.#door), reading: this.#reading, away };
    if (this.#terminal !== null) this.#world.out(screenOf(scene, this.#terminal));
    // Nothing is known before the first look, and a file does not forget what was said last.
    else if (away !== null) this.#world.err(`${away.why}; it is asked again\n`);
    else if (this.#reading !== null) this.#world.out(plainText(this.#input, scene));
  }
}

/** As it was given, where it was given plainly. */
function addressOf({ origin }: HttpDoor): string {
  return origin.replace(/^http:\/\//, "");
}

function screenOf(scene: Scene, terminal: Terminal): string {
  const { columns, rows } = terminal.size();
  const lines = fitted(sceneLines(scene, true), columns, rows);
  // Cleared before it is written, since the cursor stays on the last character of a line that is full; and a line's end
  // on the last row would move all of it up.
  const below = lines.length < rows ? `\r\n${CLEAR_BELOW}` : "";
  return `${HOME}${lines.map((line) => CLEAR_LINE + line).join("\r\n")}${below}`;
}

function plainText(input: Input, scene: Scene): string {
  if (input.json) return `${JSON.stringify(scene.reading)}\n`;
  return `${sceneLines(scene, false).join("\n")}\n\n`;
}
