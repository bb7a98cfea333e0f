import { hasCode } from "../../../src/base/errors.ts";
import { offset } from "../../../src/base/ids.ts";
import type { PendingBatch } from "../../../src/broker/ingest.ts";
import { SimulatedDisk } from "../../../src/io/simulated/disk.ts";
import { SimulatedMachine } from "../../../src/io/simulated/machine.ts";
import { SeededRandom } from "../../../src/io/simulated/random.ts";
import { decodeRecords } from "../../../src/records/reader.ts";
import { countersOf } from "../../../src/upstream/counters.ts";
import type { LinkSettings } from "../../../src/upstream/link/settings.ts";
import { ModelCentre } from "../model-centre.ts";
import { nameOf } from "./far-centre.ts";
import { type Gateway, type MonthFlaw, startGateway } from "./gateway.ts";
import { faultsAtTheEnd } from "./reckoning.ts";

const MINUTE_MS = 60_000;
export const HOUR_MS = 60 * MINUTE_MS;
export const DAY_MS = 24 * HOUR_MS;
const START_MS = Date.UTC(2026, 2, 1);
const DEVICES = 6;
export const TOPICS = ["readings", "alarms"] as const;

export interface MonthOptions {
  readonly seed: number;
  readonly days?: number;
  readonly flaw?: MonthFlaw | undefined;
  /** Whether older copies of the data folder are put in the place of newer ones. Else by the seed. */
  readonly restores?: boolean;
}

/** A record that a device sent. */
export interface SentRecord {
  readonly name: string;
  readonly topic: string;
  readonly device: string;
  readonly batch: PendingBatch;
  /** True time. */
  readonly takenMs: number;
  readonly boot: string;
  /** Whether the sender was told that it is stored. */
  isAcknowledged: boolean;
  /** Where it is stored; null until it was seen there. */
  place: { readonly topicId: string; readonly partition: number; readonly offset: number } | null;
  /** Whether the data folder that had it was put away for an older one, or its topic was deleted. */
  wentWithFolder: boolean;
}

/** A copy of the data folder. */
interface Backup {
  readonly disk: SimulatedDisk;
  /** Records that had been sent. */
  readonly count: number;
  /** As `synchronised` was: of what happened since, the copy knows nothing. */
  readonly synchronised: ReadonlyMap<string, number>;
}

export interface MonthOutcome {
  readonly faults: readonly string[];
  readonly records: number;
  readonly acknowledged: number;
  readonly arrived: number;
  readonly lost: number;
  readonly counts: Readonly<Record<string, number>>;
}

/** Thirty days in the life of a gateway, as a seed has them. */
export class Month {
  readonly sent: SentRecord[] = [];
  readonly sentMs = new Map<string, number>();
  readonly bytesByDay = new Map<number, number>();
  readonly faults: string[] = [];
  readonly messages: string[] = [];
  readonly centre = new ModelCentre(2, 3);
  readonly machine: SimulatedMachine;
  /** Of each boot: when the clock was put right last, in true time. */
  readonly synchronised = new Map<string, number>();
  readonly counts: Record<string, number> = {};
  /** The centre deletes what is older; Infinity for nothing. */
  centralRetentionMs = Number.POSITIVE_INFINITY;
  readonly #random: SeededRandom;
  readonly #options: MonthOptions;
  readonly #state = { isUp: true, breaks: 0.002 };
  readonly #link: Partial<LinkSettings>;
  readonly #topicDefaults: ReadonlyMap<string, string>;
  readonly #maxLogBytes: number;
  readonly #hasWrongClocks: boolean;
  readonly #hasRestores: boolean;
  readonly #remembered = { positions: null };
  readonly #next = Array.from({ length: DEVICES }, () => 0);
  readonly #seen = new Map<string, number>();
  readonly #byName = new Map<string, SentRecord>();
  #unsettled: SentRecord[] = [];
  #backup: Backup | null = null;
  /** Whether what the disk writes gets there: not where the power goes in the middle. */
  #syncsEnd = true;
  #disk: SimulatedDisk;
  #gateway: Gateway | null = null;

  constructor(options: MonthOptions) {
    this.#options = options;
    this.#random = new SeededRandom(options.seed);
    const random = this.#random;
    const isOfClocks = options.flaw === "any clock is right" || options.flaw === "steps are overlooked";
    const isOfBudgets = options.flaw === "budgets are forgotten";
    this.#hasWrongClocks = !isOfBudgets && (random.chance(0.5) || isOfClocks);
    this.#hasRestores = options.restores ?? false;
    const hasBattery = !this.#hasWrongClocks;
    this.machine = new SimulatedMachine(START_MS, hasBattery ? START_MS : 0, hasBattery);
    if (hasBattery) this.#synchronise();
    const syncs = (finish: () => void): void => {
      if (this.#syncsEnd) queueMicrotask(finish);
    };
    this.#disk = new SimulatedDisk({ seed: options.seed, syncs });
    const windows = [{ days: [0, 1, 2, 3, 4, 5, 6], startMinute: 60 * random.below(24), lengthMinutes: 300 }];
    this.#link = {
      ...(random.chance(0.3) ? { windows } : {}),
      ...(random.chance(0.3) || isOfBudgets ? { dayBudgetBytes: 20_000 + random.below(60_000) } : {}),
      ...(random.chance(0.2) ? { monthBudgetBytes: 1_000_000 + random.below(1_000_000) } : {}),
      atBudgetEnd: isOfBudgets ? "stop" : random.pick(["stop", "stop", "priority", "warn"] as const),
      ...(random.chance(0.5) ? { priorityTopics: ["alarms"] } : {}),
    };
    this.#maxLogBytes = random.chance(0.5) ? 400_000 + random.below(400_000) : -1;
    if (random.chance(0.4)) {
      this.centralRetentionMs = DAY_MS * (1 + random.below(3));
      const values = new Map([["retention.ms", String(this.centralRetentionMs)]]);
      for (const topic of TOPICS) this.centre.settings.set(topic, values);
    }
    this.#topicDefaults = new Map([
      ["internal.segment.bytes", "8192"],
      ...(random.chance(0.5) ? [["retention.ms", String((1 + random.below(5)) * DAY_MS)] as const] : []),
      ...(random.chance(0.3) ? [["headwater.keep.unforwarded", "true"] as const] : []),
    ]);
  }

  async run(): Promise<MonthOutcome> {
    const endMs = START_MS + (this.#options.days ?? 30) * DAY_MS;
    await this.#start();
    while (this.machine.trueMs < endMs && this.faults.length === 0) {
      await this.#happen();
      await this.#live(5 + this.#random.below(30));
      await this.#leap(this.#random.below(6 * HOUR_MS));
      this.#reconcile();
    }
    if (this.faults.length === 0) await this.#comeToRest();
    const end = faultsAtTheEnd(this, this.#require());
    this.#require().kill();
    this.#disk.halt();
    const acknowledged = this.sent.filter(({ isAcknowledged }) => isAcknowledged).length;
    const { counts } = this;
    return {
      ...{ faults: [...this.faults, ...end.faults], records: this.sent.length, acknowledged, counts },
      ...{ arrived: end.arrived, lost: end.lost },
    };
  }

  async #happen(): Promise<void> {
    const random = this.#random;
    const what = random.below(26);
    if (what < 2) this.#feed(20 + random.below(120), 400);
    else if (what < 4) this.#turnLink();
    else if (what === 4) await this.#powerCut();
    else if (what === 5) await this.#restart();
    else if (what === 6) this.#squeeze();
    else if (what === 7)
      this.#set("flaky link", () => (this.#state.breaks = random.pick([0, 0.002, 0.03, 0.2])));
    else if (what === 8) this.#setMode();
    else if (what === 9 && this.#hasWrongClocks) this.#set("clock set", () => this.#synchronise());
    else if (what === 10 && this.#hasRestores) await this.#backUpOrRestore();
    else if (what === 11 && this.#hasWrongClocks) this.#set("clock set wrongly", () => this.#setWrongly());
    else if (what === 12 && random.chance(0.3)) await this.#deleteTopic();
    else this.#feed(1 + random.below(12), 60);
  }

  #turnLink(): void {
    this.#set("link turned", () => {
      // Outages last for days now and then: what turns it on again is rare in some seeds' stretches.
      this.#state.isUp = this.#state.isUp ? false : this.#random.chance(0.5);
    });
  }

  #setMode(): void {
    const mode = this.#random.pick(["paused", "flowing", "flowing", "draining"] as const);
    this.#count(mode);
    // A disk that is full or a process that ends may leave it undone.
    this.#require()
      .uplink.setMode(mode)
      .catch(() => {});
  }

  #squeeze(): void {
    this.#count("disk squeezed");
    this.#disk.limitFreeBytes(this.#random.pick([0, 20_000, 100_000, 300_000, 2 ** 30, 2 ** 30]));
  }

  async #powerCut(): Promise<void> {
    const random = this.#random;
    this.#count("power cut");
    this.#feed(random.below(20), 100);
    // In the middle of what is under way, and not only between two looks at it.
    this.#syncsEnd = random.chance(0.3);
    if (random.chance(0.7)) await this.#require().clock.settle();
    this.#settle();
    this.#look();
    this.#require().kill();
    const mode = random.pick(["nothing", "everything", "pages", "sectors"] as const);
    const after = this.#disk.crash(mode, random.below(2 ** 30));
    this.#disk.halt();
    this.#disk = after;
    this.#syncsEnd = true;
    this.#unsettled = [];
    // Without a battery a clock begins in 1970, or goes on from where it was saved.
    const wallMs = random.chance(0.7) ? 0 : this.machine.wallMs;
    this.machine.restart(random.below(12 * HOUR_MS), this.machine.hasBatteryClock ? null : wallMs);
    if (this.machine.hasBatteryClock) this.#synchronise();
    await this.#start();
  }

  async #restart(): Promise<void> {
    this.#count("restart");
    const gateway = this.#require();
    let stopped = false;
    const stopping = gateway.stop().then(() => {
      stopped = true;
    });
    const untilMs = this.machine.trueMs + MINUTE_MS;
    while (!stopped && this.machine.trueMs < untilMs) {
      await gateway.clock.leap(Math.max(1, gateway.clock.untilNextMs(100)));
    }
    this.#settle();
    this.#look();
    if (!stopped) this.faults.push("a stop in good order does not end");
    else await stopping;
    gateway.kill();
    const after = this.#disk.crash("process", this.#random.below(2 ** 30));
    this.#disk.halt();
    this.#disk = after;
    this.#unsettled = [];
    await this.#start();
  }

  /** Copies the data folder as a power cut would leave it, or goes on with the copy in place of the folder. */
  async #backUpOrRestore(): Promise<void> {
    this.#settle();
    if (this.#backup === null) {
      this.#count("backup");
      this.#backup = {
        disk: this.#disk.crash("nothing", this.#random.below(2 ** 30)),
        count: this.sent.length,
        synchronised: new Map(this.synchronised),
      };
      return;
    }
    this.#count("restore");
    this.#require().kill();
    this.#disk.halt();
    this.#disk = this.#backup.disk;
    for (const record of this.sent.slice(this.#backup.count)) record.wentWithFolder = true;
    this.synchronised.clear();
    for (const [boot, trueMs] of this.#backup.synchronised) this.synchronised.set(boot, trueMs);
    // What the clock is now, the copy can't know.
    if (this.machine.synchronised === true) this.synchronised.set(this.machine.bootId, this.machine.trueMs);
    else this.synchronised.delete(this.machine.bootId);
    this.#backup = null;
    this.#unsettled = [];
    this.#seen.clear();
    await this.#start();
  }

  async #start(): Promise<void> {
    const gateway = await this.#open().catch(async (error: unknown) => {
      if (!hasCode(error, "DISK_FULL")) throw error;
      // There is damage that only space can mend: the process ends until somebody makes some.
      this.#count("start refused");
      this.machine.pass(this.#random.below(6 * HOUR_MS));
      const after = this.#disk.crash("process", this.#random.below(2 ** 30));
      this.#disk.halt();
      this.#disk = after;
      this.#disk.limitFreeBytes(2 ** 30);
      return this.#open();
    });
    this.#gateway = gateway;
    // What comes on a full disk may be gone again within the turn.
    gateway.broker.onAppended(() => this.#look());
    await gateway.clock.settle();
    this.#look();
  }

  #open(): Promise<Gateway> {
    return startGateway({
      ...{ disk: this.#disk, machine: this.machine, random: this.#random.fork(), centre: this.centre },
      ...{
        state: this.#state,
        link: this.#link,
        topicDefaults: this.#topicDefaults,
        flaw: this.#options.flaw,
      },
      ...{
        maxLogBytes: this.#maxLogBytes,
        sentMs: this.sentMs,
        bytesByDay: this.bytesByDay,
        messages: this.messages,
        remembered: this.#remembered,
      },
    });
  }

  #feed(count: number, sizeBytes: number): void {
    const { broker } = this.#require();
    for (let left = count; left > 0; left -= 1) {
      const device = this.#random.below(DEVICES);
      const number = this.#next[device] ?? 0;
      this.#next[device] = number + 1;
      const name = `${device} ${number}`;
      const topic = device === 0 ? "alarms" : "readings";
      const key = `device-${device}`;
      const batch = broker.ingest.append({
        ...{ topic, key: encoder.encode(key), isArrival: true, headers: null },
        value: encoder.encode(`${name};${".".repeat(this.#random.below(sizeBytes))}`),
        timestampMs: broker.clock.nowMs(),
      });
      const record: SentRecord = {
        ...{ name, topic, device: key, batch, takenMs: this.machine.trueMs, boot: this.machine.bootId },
        ...{ isAcknowledged: false, place: null, wentWithFolder: false },
      };
      this.sent.push(record);
      this.#byName.set(name, record);
      this.#unsettled.push(record);
    }
  }

  async #live(steps: number): Promise<void> {
    for (let step = 0; step < steps; step += 1) {
      if (this.#random.chance(0.1)) this.#feed(1 + this.#random.below(4), 60);
      await this.#leap(this.#require().clock.untilNextMs(200));
    }
  }

  async #leap(durationMs: number): Promise<void> {
    await this.#require().clock.leap(durationMs);
    this.centre.expire(this.machine.trueMs);
    this.#settle();
    this.#look();
  }

  /** Takes note of what the senders were told by now. */
  #settle(): void {
    this.#unsettled = this.#unsettled.filter((record) => {
      if (record.batch.state === "durable") record.isAcknowledged = true;
      return record.batch.state === "waiting";
    });
  }

  /** Finds out where records are stored that are new in the logs. */
  #look(): void {
    const { broker } = this.#require();
    for (const topic of TOPICS) {
      for (const { log, topicId, index } of broker.topics.get(topic)?.partitions ?? []) {
        const key = `${topicId}/${index}`;
        let at = Math.max(this.#seen.get(key) ?? 0, log.logStartOffset);
        while (at < log.highWatermark) {
          const read = log.read(offset(at), 1 << 20, { minOneBatch: true, until: log.highWatermark });
          if (!("nextOffset" in read) || read.nextOffset === at) break;
          for (const { offset: found, value } of decodeRecords(read.bytes.slice())) {
            const record = this.#byName.get(nameOf(value));
            if (record !== undefined) record.place = { topicId, partition: index, offset: found };
          }
          at = read.nextOffset;
        }
        this.#seen.set(key, at);
      }
    }
  }

  /** What the link may carry in a day, where the gateway always knows which day it is and what it used; else Infinity. */
  get dayBudgetBytes(): number {
    const { dayBudgetBytes = 0, atBudgetEnd } = this.#link;
    const isSure = !this.#hasWrongClocks && !this.#hasRestores && atBudgetEnd === "stop";
    return isSure && dayBudgetBytes > 0 ? dayBudgetBytes : Number.POSITIVE_INFINITY;
  }

  get hasRestores(): boolean {
    return this.#hasRestores;
  }

  /** Whether the gateway knows the time all along. */
  get knowsTime(): boolean {
    return !this.#hasWrongClocks;
  }

  /** Every offset is accounted for, whatever is going on. */
  #reconcile(): void {
    for (const topic of this.#require().uplink.status().topics) {
      const { stored, forwarded, filtered, gapped, empty, waiting, reconciled } = countersOf(topic);
      if (reconciled && stored === forwarded + filtered + gapped + empty + waiting) continue;
      this.faults.push(`counters of ${topic.topic} do not add up: ${stored} stored`);
    }
  }

  /** All that hinders is over: what can arrive does. */
  async #comeToRest(): Promise<void> {
    this.#state.isUp = true;
    this.#state.breaks = 0;
    this.#disk.limitFreeBytes(2 ** 30);
    this.#synchronise();
    this.#require()
      .uplink.setMode("flowing")
      .catch(() => {});
    // A planted bug may keep it from that, and need not be waited for.
    const days = this.#options.flaw === undefined ? 90 : 3;
    for (let hour = 0; hour < 24 * days; hour += 1) {
      for (let step = 0; step < 200; step += 1) {
        await this.#leap(this.#require().clock.untilNextMs(200));
        const { state, lagRecords, topics } = this.#require().uplink.status();
        this.#reconcile();
        if (state.kind === "held") break;
        if (state.kind === "forwarding" && lagRecords === 0 && topics.length > 0 && step > 100) return;
      }
      await this.#leap(HOUR_MS);
    }
    const { state, lagRecords, lastError } = this.#require().uplink.status();
    this.faults.push(`it never caught up: ${JSON.stringify({ state, lagRecords, lastError })}`);
  }

  #synchronise(): void {
    this.machine.synchronise();
    this.synchronised.set(this.machine.bootId, this.machine.trueMs);
  }

  /** By somebody who does not know the time, or by a receiver that lost its satellites. */
  #setWrongly(): void {
    this.machine.set(
      this.machine.wallMs + this.#random.pick([-2 * MINUTE_MS, -2 * MINUTE_MS, 2 * MINUTE_MS]),
    );
    this.synchronised.delete(this.machine.bootId);
  }

  /** An operator deletes a topic with all that is in it; the next record makes it anew. */
  async #deleteTopic(): Promise<void> {
    const topic = this.#random.pick(TOPICS);
    const { broker, clock } = this.#require();
    if (broker.topics.get(topic) === null) return;
    this.#settle();
    this.#look();
    this.#count("topic deleted");
    const refused = broker.deleteTopic(topic, () => {});
    if (refused !== null) return;
    for (const record of this.sent) if (record.topic === topic) record.wentWithFolder = true;
    await clock.settle();
    this.#settle();
  }

  #set(what: string, change: () => void): void {
    this.#count(what);
    change();
  }

  #count(what: string): void {
    this.messages.push(`-- ${new Date(this.machine.trueMs).toISOString()} ${what}`);
    this.counts[what] = (this.counts[what] ?? 0) + 1;
  }

  #require(): Gateway {
    if (this.#gateway === null) throw new Error("the gateway is off");
    return this.#gateway;
  }
}

const encoder = new TextEncoder();
