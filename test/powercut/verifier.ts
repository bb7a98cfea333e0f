import { join } from "node:path";
import type { RecoveryAnswer, RecoveryRequest } from "./recovery-main.ts";

export type DiskKind = "mapped" | "plain";

/** A recovery that did not end well: the process that died or what it threw. */
export class RecoveryFailure extends Error {
  override readonly name = "RecoveryFailure";
}

const ANSWER_TIMEOUT_MS = 60_000;

/** A process that recovers data folders, one after the other; see recovery-main.ts. */
export class Verifier {
  readonly #bug: string;
  #child: Bun.Subprocess<"pipe", "pipe", "pipe"> | null = null;
  #lines: AsyncIterator<string> | null = null;

  /** `bug` is planted in the recovery, "" for none. */
  constructor(bug: string) {
    this.#bug = bug;
  }

  /** Throws RecoveryFailure. */
  async recover(request: RecoveryRequest): Promise<RecoveryAnswer> {
    const answer = await this.#ask(request);
    if ("failure" in answer) throw new RecoveryFailure(String(answer.failure));
    return answer as RecoveryAnswer;
  }

  /** Closes the store that was recovered last, in a way that its next opening recovers again. */
  async close(): Promise<void> {
    const answer = await this.#ask({ close: true });
    if ("failure" in answer) throw new RecoveryFailure(`close: ${String(answer.failure)}`);
  }

  /** SIGKILL, in the midst of whatever it does. The next request starts it anew. */
  async kill(): Promise<void> {
    this.#child?.kill("SIGKILL");
    await this.#child?.exited;
    this.#child = null;
  }

  async #ask(request: object): Promise<object> {
    const child = this.#child ?? this.#start();
    child.stdin.write(`${JSON.stringify(request)}\n`);
    child.stdin.flush();
    const timer = setTimeout(() => child.kill("SIGKILL"), ANSWER_TIMEOUT_MS);
    const line = await this.#lines?.next();
    clearTimeout(timer);
    if (line === undefined || line.done === true) {
      const status = await child.exited;
      const said = await new Response(child.stderr).text();
      this.#child = null;
      throw new RecoveryFailure(`the process ended (${child.signalCode ?? status}): ${said.slice(-2000)}`);
    }
    return JSON.parse(line.value);
  }

  #start(): Bun.Subprocess<"pipe", "pipe", "pipe"> {
    const child = Bun.spawn([process.execPath, join(import.meta.dirname, "recovery-main.ts")], {
      stdin: "pipe",
      stdout: "pipe",
      stderr: "pipe",
      env: { ...process.env, HEADWATER_TEST_BUG: this.#bug },
    });
    this.#child = child;
    this.#lines = linesOf(child.stdout);
    return child;
  }
}

async function* linesOf(stream: ReadableStream<Uint8Array>): AsyncGenerator<string, void> {
  const decoder = new TextDecoder();
  let text = "";
  for await (const chunk of stream) {
    text += decoder.decode(chunk, { stream: true });
    const lines = text.split("\n");
    text = lines.pop() ?? "";
    yield* lines;
  }
}
