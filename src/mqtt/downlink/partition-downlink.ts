import { assert } from "../../base/assert.ts";
import type { Ingest, IngestRecord, PendingBatch } from "../../broker/ingest.ts";
import type { MqttDownlinkSettings } from "../../config/mqtt-downlink-options.ts";
import { MQTT_LETTER_HEADERS } from "../../coordinators/dead-letters/letter.ts";
import type { Timer } from "../../io/clock.ts";
import { encodeHeaders } from "../../records/builder.ts";
import { decodeHeaders, type RecordCursor } from "../../records/reader.ts";
import { type Identity, INSIDE_NAME } from "../access.ts";
import type { Door } from "../door.ts";
import type { Follower, GapReason, RecordConsumer } from "../history/follower.ts";
import type { Followers } from "../history/followers.ts";
import { messageOf } from "../history/record-message.ts";
import type { HistoryPartition } from "../history/source.ts";
import { IN_THE_LOG } from "../joined-batch.ts";
import type { InsideMessage } from "../publishing.ts";
import { EXPIRY_HEADER } from "../record-headers.ts";
import type { Session } from "../sessions/session.ts";
import { MESSAGE_TOO_LARGE } from "../settled-batches.ts";
import type { TopicEntry } from "../topic-table.ts";
import type { DeliveryReports, RecordPlace } from "./delivery-reports.ts";
import { cursorName, type DownlinkCursors, encodePosition } from "./downlink-cursor.ts";
import type { DownlinkTarget } from "./target.ts";

/** What is taken together. */
const MAX_GROUP_RECORDS = 512;
const MAX_GROUP_BYTES = 1024 * 1024;
const RECORD_OVERHEAD_BYTES = 256;
/** What is published under one position: a batch of the log of sessions, as that is to be asked for. */
const MAX_TOGETHER_BYTES = 4 * 1024 * 1024;
/** What a message takes there beside its own bytes, and for each session that gets it. */
const MESSAGE_OVERHEAD_BYTES = 64;
const TARGET_BYTES = 16;
/** A larger message is a dead letter: no session could keep it. */
const MAX_MESSAGE_BYTES = MAX_TOGETHER_BYTES;
/** For so long a connected client whose queue fills up is waited for; then others are not held up by it for a while. */
const HOLD_MS = 2_000;
const NO_HOLD_MS = 30_000;
const HOLD_POLL_MS = 20;
const FIRST_RETRY_MS = 1_000;
const MAX_RETRY_MS = 30_000;
const SECOND_MS = 1_000;
const encoder = new TextEncoder();

/** What all partitions of a downlink go by. */
export interface DownlinkParts {
  readonly settings: MqttDownlinkSettings;
  readonly target: DownlinkTarget;
  /** Null where nobody asks what becomes of records. */
  readonly reports: DeliveryReports | null;
  readonly door: Door;
  readonly followers: Followers;
  readonly cursors: DownlinkCursors;
  readonly ingest: Ingest;
  readonly bugs: DownlinkBugs;
  ended(partition: HistoryPartition): void;
}

/** Deliberate mistakes, for tests of the tests. */
export interface DownlinkBugs {
  /** The position is written by itself, in a commit round before the messages or after them. */
  readonly positionApart?: "before" | "after";
}

interface Taken {
  readonly place: RecordPlace;
  readonly what:
    | { readonly kind: "message"; readonly message: InsideMessage }
    | { readonly kind: "expired" }
    | { readonly kind: "letter"; readonly letter: IngestRecord; readonly bare: IngestRecord };
  /** Whether there was nobody to take the message. */
  unheard: boolean;
}

/**
 * A downlink in one partition. It takes records in groups: dead letters are written and waited for, then the messages
 * are published and the position behind them put down, durable together. The next group waits for that.
 *
 * States: "gathering" -> ("letters" ->) "publishing" -> "gathering"; "waiting" for another try where a log refused.
 */
export class PartitionDownlink implements RecordConsumer {
  readonly #parts: DownlinkParts;
  readonly #follower: Follower;
  readonly #partition: HistoryPartition;
  /** The publisher of all of it: its messages go live in their order. */
  readonly #from: Identity;
  #state: "gathering" | "letters" | "publishing" | "waiting" | "stopped" = "gathering";
  #group: Taken[] = [];
  #groupBytes = 0;
  /** How many of the group, from its start on, are being published. */
  #publishing = 0;
  #isDue = false;
  #batches: PendingBatch[] = [];
  #retry: Timer | null = null;
  #retryMs = FIRST_RETRY_MS;
  /** When the wait for a client began, on the monotonic clock; -1 where nobody is waited for. */
  #heldSinceMs = -1;
  #holdPoll: Timer | null = null;
  /** Until when a client is not waited for. */
  readonly #notWaitedFor = new WeakMap<Session, number>();

  constructor(parts: DownlinkParts, partition: HistoryPartition, from: number) {
    this.#parts = parts;
    this.#partition = partition;
    this.#from = { clientId: `downlink ${parts.settings.name}`, userName: INSIDE_NAME };
    this.#follower = parts.followers.follow(partition, from, null, this);
  }

  stop(): void {
    this.#state = "stopped";
    this.#retry?.cancel();
    this.#holdPoll?.cancel();
    this.#parts.followers.stop(this.#follower);
  }

  take(record: RecordCursor): boolean {
    if (this.#state !== "gathering") return false;
    const maxRecords = Math.min(MAX_GROUP_RECORDS, Math.ceil(this.#parts.door.limits.maxQueuedMessages / 2));
    if (this.#group.length >= maxRecords || this.#groupBytes >= MAX_GROUP_BYTES) return false;
    const taken = this.#read(record);
    if (taken.what.kind === "message" && this.#isHeldUp(taken.what.message.entry)) return false;
    this.#heldSinceMs = -1;
    this.#group.push(taken);
    this.#groupBytes += (record.value()?.length ?? 0) + RECORD_OVERHEAD_BYTES;
    if (!this.#isDue) {
      this.#isDue = true;
      this.#parts.door.clock.soon(() => {
        this.#isDue = false;
        this.#begin();
      });
    }
    return true;
  }

  gap(fromOffset: number, toOffset: number, reason: GapReason): void {
    const { log, losses } = this.#parts.door;
    const missed = { topic: this.#partition.topic, partition: this.#partition.index, fromOffset, toOffset };
    losses.missed(`downlink-${reason}`, null, missed);
    log.warn("records are lost to a downlink", { ...this.#who(), fromOffset, toOffset, reason });
  }

  ended(reason: "deleted" | "unreadable"): void {
    if (reason === "unreadable") {
      this.#parts.door.log.error("a downlink can't read on in a log", this.#who());
    }
    this.#state = "stopped";
    this.#retry?.cancel();
    this.#holdPoll?.cancel();
    this.#parts.ended(this.#partition);
  }

  /**
   * Whether to wait for the disk, or for a client that can't take what comes as fast as it comes, so that its queue does
   * not overflow while it is connected. One that takes nothing is given up after a time, and gets what its queue's
   * bounds leave it.
   */
  #isHeldUp(entry: TopicEntry): boolean {
    const { door } = this.#parts;
    const { stats, limits } = door;
    if (stats.stagedBytes + this.#groupBytes > limits.maxTotalStagedBytes / 2) return this.#waitAWhile();
    const room = Math.floor(limits.maxQueuedMessages / 2) - this.#group.length;
    const slow = door.live.crowded(entry, Math.max(1, room));
    const nowMs = door.clock.monotonicMs();
    if (slow === null || nowMs < (this.#notWaitedFor.get(slow) ?? 0)) return false;
    if (this.#heldSinceMs < 0) this.#heldSinceMs = nowMs;
    if (nowMs >= this.#heldSinceMs + HOLD_MS) {
      this.#notWaitedFor.set(slow, nowMs + NO_HOLD_MS);
      return false;
    }
    return this.#waitAWhile();
  }

  #waitAWhile(): true {
    const { door, followers } = this.#parts;
    this.#holdPoll ??= door.clock.after(HOLD_POLL_MS, () => {
      this.#holdPoll = null;
      followers.resume(this.#follower);
    });
    return true;
  }

  /** Records that are committed and not published. */
  get lagRecords(): number {
    return Math.max(0, this.#partition.endOffset - this.#follower.position) + this.#group.length;
  }

  /** Something may have settled. */
  settle(): void {
    if (this.#state !== "letters" && this.#state !== "publishing") return;
    if (this.#batches.some(({ state }) => state === "waiting")) return;
    const refused = this.#batches.find(({ state }) => state === "refused");
    if (refused !== undefined) {
      this.#tryAgain(refused.error);
      return;
    }
    this.#retryMs = FIRST_RETRY_MS;
    if (this.#state === "letters") this.#publish();
    else {
      if (this.#parts.bugs.positionApart === "after") this.#setPosition();
      this.#finish();
    }
  }

  #begin(): void {
    if (this.#state !== "gathering" && this.#state !== "waiting") return;
    const letters = this.#group.flatMap(({ what, place }) =>
      what.kind === "letter" ? [{ place, ...what }] : [],
    );
    this.#batches = letters.map(({ letter, bare }) => {
      const batch = this.#parts.ingest.append(letter);
      // One that is too large for its topic is told of by its place.
      return batch.error === MESSAGE_TOO_LARGE ? this.#parts.ingest.append(bare) : batch;
    });
    this.#publishing = this.#group.length;
    if (this.#parts.bugs.positionApart === "before") this.#batches.push(this.#setPosition());
    if (this.#batches.length === 0) {
      this.#publish();
      return;
    }
    this.#state = "letters";
    this.#parts.door.settleSoon();
  }

  /** Publishes the group, or as much of it as goes together, and puts down the position behind that. */
  #publish(): void {
    const { door, cursors, bugs } = this.#parts;
    this.#state = "publishing";
    this.#batches = [];
    this.#publishing = this.#goesTogether();
    cursors.together(() => {
      const after = bugs.positionApart === undefined ? this.#setPosition() : IN_THE_LOG;
      this.#batches.push(after);
      for (const taken of this.#group.slice(0, this.#publishing)) {
        if (taken.what.kind !== "message") continue;
        const { message } = taken.what;
        taken.unheard = !door.live.isWanted(message.entry);
        // Nobody gets a message that would come once more, should the position not become durable.
        this.#batches.push(door.publish({ ...message, after }, this.#from));
      }
    });
    door.settleSoon();
  }

  /** A message goes to the log of sessions once, and with it a few bytes for each session. */
  #goesTogether(): number {
    const { live } = this.#parts.door;
    let bytes = 0;
    for (const [index, { what }] of this.#group.entries()) {
      if (what.kind !== "message") continue;
      const { entry, payload, properties } = what.message;
      bytes += entry.bytes.length + payload.length + (properties?.length ?? 0) + MESSAGE_OVERHEAD_BYTES;
      bytes += live.subscribers(entry) * TARGET_BYTES;
      if (bytes > MAX_TOGETHER_BYTES && index > 0) return index;
    }
    return this.#group.length;
  }

  /** Puts down the position behind what is being published. */
  #setPosition(): PendingBatch {
    const { cursors, settings } = this.#parts;
    const { topicId, index } = this.#partition;
    const offset = this.#group[this.#publishing]?.place.offset ?? this.#follower.position;
    const position = encodePosition({ topicId, offset });
    return cursors.set(cursorName(settings.name, index), position);
  }

  /** What was being published is so for good. */
  #finish(): void {
    const { reports, door, followers } = this.#parts;
    const { stats } = door;
    for (const { place, what, unheard } of this.#group.splice(0, this.#publishing)) {
      if (what.kind === "letter") stats.downlinkDeadLetters++;
      else if (what.kind === "expired") {
        stats.messagesExpired++;
        reports?.report(place, null, "expired");
      } else {
        stats.downlinkMessages++;
        if (unheard) {
          stats.downlinkUnheard++;
          reports?.report(place, null, "nobody");
        }
      }
    }
    if (this.#group.length > 0) {
      this.#publish();
      return;
    }
    this.#groupBytes = 0;
    this.#publishing = 0;
    this.#batches = [];
    this.#state = "gathering";
    followers.resume(this.#follower);
  }

  #tryAgain(error: number): void {
    const { clock, log } = this.#parts.door;
    const delayMs = this.#retryMs;
    log.warn("a downlink waits: its log refused", { ...this.#who(), kafkaError: error, retryMs: delayMs });
    this.#retryMs = Math.min(this.#retryMs * 2, MAX_RETRY_MS);
    this.#state = "waiting";
    this.#retry = clock.after(delayMs, () => {
      this.#retry = null;
      this.#begin();
    });
  }

  #read(record: RecordCursor): Taken {
    const { settings, target, reports, door } = this.#parts;
    const place: RecordPlace = {
      topic: this.#partition.topic,
      partition: this.#partition.index,
      offset: record.offset,
      key: record.key()?.slice() ?? null,
    };
    const made = target.topicOf(record);
    if (!made.ok) return this.#letter(record, place, made.fault);
    const sizeBytes = (record.value()?.length ?? 0) + record.headersEnd - record.headersStart;
    if (sizeBytes > MAX_MESSAGE_BYTES) {
      return this.#letter(record, place, `the record is larger than ${MAX_MESSAGE_BYTES} bytes`);
    }
    const { payload, properties, qos, retain, expirySec, hasBadExpiry } = messageOf(record, true);
    if (hasBadExpiry) {
      return this.#letter(
        record,
        place,
        `the record's header ${EXPIRY_HEADER} is no number of whole seconds`,
      );
    }
    const leftMs = expirySec < 0 ? 0 : record.timestampMs + expirySec * SECOND_MS - door.clock.nowMs();
    if (expirySec >= 0 && leftMs <= 0) return { place, what: { kind: "expired" }, unheard: false };
    const topic = encoder.encode(made.topic);
    const entry = door.topics.find(topic, 0, topic.length);
    assert(!("reason" in entry), "a topic that was found good is none");
    const message: InsideMessage = {
      entry,
      payload,
      properties,
      qos: qos ?? settings.qos,
      retain: retain ?? settings.retain,
      expirySec: expirySec < 0 ? -1 : Math.ceil(leftMs / SECOND_MS),
      append: false,
      ...(reports === null ? {} : { origin: reports.origin(place) }),
    };
    return { place, what: { kind: "message", message }, unheard: false };
  }

  /** A record that makes no message: as it is, with headers that say why and where it stands. */
  #letter(record: RecordCursor, place: RecordPlace, fault: string): Taken {
    const { settings, door } = this.#parts;
    const header = (key: string, value: string) => ({ key, value: encoder.encode(value) });
    const own = [
      header(MQTT_LETTER_HEADERS.REASON, fault),
      header(MQTT_LETTER_HEADERS.TOPIC, place.topic),
      header(MQTT_LETTER_HEADERS.PARTITION, String(place.partition)),
      header(MQTT_LETTER_HEADERS.OFFSET, String(place.offset)),
    ];
    const common = { topic: settings.deadLetterTopic, timestampMs: door.clock.nowMs(), isArrival: true };
    const headers = encodeHeaders([...decodeHeaders(record), ...own]);
    const letter = { ...common, key: place.key, value: record.value()?.slice() ?? null, headers };
    const bare = { ...common, key: null, value: null, headers: encodeHeaders(own) };
    return { place, what: { kind: "letter", letter, bare }, unheard: false };
  }

  #who() {
    const { topic, index } = this.#partition;
    return { downlink: this.#parts.settings.name, topic, partition: index };
  }
}
