import { TopicReader, type TopicReaderOptions } from "../../devices/simulator/topic-reader.ts";
import type { StartAt } from "../../src/kafka/client/consumer.ts";

const KEPT_LATENCIES = 1000;
const AGAIN_MS = 250;

/** Reads what arrives at the centre, as any consumer there would, and takes the time it took. */
export class CentreWatch {
  /** Readings of the demo's devices. */
  readings = 0;
  readonly #options: TopicReaderOptions;
  readonly #isOurs: (device: string) => boolean;
  readonly #latencies: number[] = [];
  #stopping = false;
  #done: Promise<void> = Promise.resolve();

  constructor(options: TopicReaderOptions, isOurs: (device: string) => boolean) {
    this.#options = options;
    this.#isOurs = isOurs;
  }

  /** Begins; a topic or a centre that is not there yet is waited for. */
  start(): void {
    this.#done = this.#run();
  }

  /** Milliseconds from a reading's publish to its arrival here, of the last readings, ascending. */
  latenciesMs(): readonly number[] {
    return this.#latencies.toSorted((a, b) => a - b);
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    await this.#done;
  }

  async #run(): Promise<void> {
    // Where the topic is there already, its readings are of somebody else.
    let from: StartAt = "latest";
    let reader: TopicReader | null = null;
    while (!this.#stopping) {
      try {
        reader ??= await TopicReader.open(this.#options, from);
        await reader.poll(({ device, t }) => {
          if (this.#isOurs(device)) this.#note(Date.now() - t);
        });
      } catch {
        // Not there, or gone: the table shows that nothing arrives.
        if (reader === null) from = "earliest";
        await Bun.sleep(AGAIN_MS);
      }
    }
    reader?.close();
  }

  #note(latencyMs: number): void {
    this.#latencies[this.readings % KEPT_LATENCIES] = latencyMs;
    this.readings += 1;
  }
}
