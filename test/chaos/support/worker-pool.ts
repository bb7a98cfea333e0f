import { GO_TRANSACT } from "../../interop/clients/transacting.ts";

export interface WorkerPlan {
  readonly bootstrap: string;
  readonly input: string;
  readonly output: string;
  readonly group: string;
  readonly workers: number;
  /** How long a member may be silent before its partitions go to others. */
  readonly sessionMs: number;
  /** How long each transaction stays open at least. */
  readonly pauseMs: number;
}

/** How soon a worker that ended is there again. */
const RESTART_MS = 100;

/**
 * Workers in processes of their own, each with a transactional id that it keeps over its lives: an unmodified
 * client that reads as a member of one group, and writes what it read and how far it got in one transaction.
 */
export class WorkerPool {
  readonly #plan: WorkerPlan;
  readonly #workers: Bun.Subprocess<"ignore", "ignore", "pipe">[] = [];
  readonly #errors: string[] = [];
  #stopping = false;

  constructor(plan: WorkerPlan) {
    this.#plan = plan;
    for (let worker = 0; worker < plan.workers; worker += 1) this.#start(worker);
  }

  /** What workers that ended by themselves had said. */
  get errors(): readonly string[] {
    return this.#errors;
  }

  /** Ends a worker in the middle of whatever it does; another takes its place and its id. */
  kill(worker: number): void {
    this.#workers[worker]?.kill("SIGKILL");
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    for (const worker of this.#workers) worker.kill("SIGKILL");
    await Promise.all(this.#workers.map((worker) => worker.exited));
  }

  #start(worker: number): void {
    const { workers: _, ...rest } = this.#plan;
    const request = { ...rest, id: `${rest.group}-${worker}`, count: 0, timeoutMs: 600_000 };
    const child = Bun.spawn([GO_TRANSACT, JSON.stringify(request)], {
      stdin: "ignore",
      stdout: "ignore",
      stderr: "pipe",
    });
    this.#workers[worker] = child;
    void this.#restart(worker, child);
  }

  async #restart(worker: number, child: Bun.Subprocess<"ignore", "ignore", "pipe">): Promise<void> {
    const errors = await new Response(child.stderr).text();
    await child.exited;
    if (errors !== "") this.#errors.push(errors.trim());
    if (this.#stopping) return;
    await Bun.sleep(RESTART_MS);
    if (!this.#stopping) this.#start(worker);
  }
}
