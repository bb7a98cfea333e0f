import type { Client } from "../client.ts";
import { clientFields } from "../client-fields.ts";
import type { Door } from "../door.ts";
import { type Qos, Reason } from "../packets/codes.ts";
import type { FilterRequest } from "../packets/subscribe.ts";
import type { RouteConfig } from "../routes.ts";
import { DurableSession } from "../sessions/durable/durable-session.ts";
import { mergeSubscriptions } from "../sessions/targets.ts";
import { levelCount } from "../topics.ts";
import type { Followers } from "./followers.ts";
import { Replay } from "./replay.ts";
import { type ReplayRequest, readReplay } from "./replay-request.ts";
import { type HistoryPlace, placesOf } from "./route-search.ts";
import type { HistoryTopic } from "./source.ts";

/** Why a replay can't be had: the reason code of its SUBACK, and words for who can hear them. */
export interface ReplayRefusal {
  readonly reason: number;
  readonly what: string;
}

interface Running {
  readonly replay: Replay;
  readonly places: readonly HistoryPlace[];
}

/**
 * Subscriptions to `$replay/{from}/{filter}`: they begin in what was published before and go on with what is
 * published from then on. A replay is its connection's: it sends as fast as the client takes it, without a queue, and
 * ends with the connection.
 */
export class Replays {
  readonly #door: Door;
  readonly #followers: Followers;
  readonly #routes: readonly RouteConfig[];
  /** By the filter as the client sent it. */
  readonly #byClient = new Map<Client, Map<string, Running>>();
  #count = 0;
  #stopListening: (() => void) | null = null;

  constructor(door: Door, followers: Followers, routes: readonly RouteConfig[]) {
    this.#door = door;
    this.#followers = followers;
    this.#routes = routes;
  }

  /** Starts a replay, in place of one by the same filter: the granted QoS, or why not. */
  start(client: Client, request: FilterRequest, identifier: number): number | ReplayRefusal {
    const door = this.#door;
    const asked = readReplay(request.filter, door.clock.nowMs());
    if (typeof asked === "string") return { reason: Reason.TOPIC_FILTER_INVALID, what: asked };
    if (levelCount(asked.filter) > door.limits.maxTopicLevels) {
      return { reason: Reason.TOPIC_FILTER_INVALID, what: "a filter of too many levels" };
    }
    if (!door.access.maySubscribe(client.session, asked.filter)) {
      door.audit.denied(client, "subscribe", request.filter);
      return { reason: Reason.NOT_AUTHORIZED, what: "this filter is not yours to read" };
    }
    const { places, nameless } = placesOf(asked.filter, this.#routes);
    if (places.length === 0) {
      const what = nameless
        ? "the records of this filter's route don't say their MQTT topic (header.topic)"
        : "no route takes messages of this filter";
      return { reason: Reason.TOPIC_FILTER_INVALID, what };
    }
    this.stop(client, request.filter);
    const qos = grantedQos(client, request.qos);
    const running = { replay: this.#open(client, { ...request, qos }, asked, identifier), places };
    const fault = this.#begin(client, running);
    if (fault !== null) {
      running.replay.stop();
      return fault;
    }
    this.#keep(client, request.filter, running);
    return qos;
  }

  /** False where there was none. */
  stop(client: Client, filter: string): boolean {
    const replays = this.#byClient.get(client);
    const running = replays?.get(filter);
    if (replays === undefined || running === undefined) return false;
    running.replay.stop();
    replays.delete(filter);
    if (replays.size === 0) this.#byClient.delete(client);
    this.#changed(-1);
    return true;
  }

  /** The client may have room for more. */
  resume(client: Client): void {
    const replays = this.#byClient.get(client);
    if (replays === undefined) return;
    for (const { replay } of replays.values()) replay.resume();
  }

  /** The connection is gone. */
  end(client: Client): void {
    for (const filter of [...(this.#byClient.get(client)?.keys() ?? [])]) this.stop(client, filter);
  }

  #open(client: Client, request: FilterRequest, asked: ReplayRequest, identifier: number): Replay {
    const { filter, qos, retainAsPublished } = request;
    // Who has published a record it does not say: there is no telling what is local.
    const subscription = { filter, qos, retainAsPublished, identifier, noLocal: false };
    const target = mergeSubscriptions(client.session, [subscription]);
    return new Replay(this.#door, this.#followers, client, target, asked);
  }

  /** Begins in every partition that there is. */
  #begin(client: Client, { replay, places }: Running): ReplayRefusal | null {
    const { maxReplays, maxTotalReplays, maxReplayPartitions } = this.#door.limits;
    const own = this.#byClient.get(client)?.size ?? 0;
    if (own >= maxReplays) return quota(`more than ${maxReplays} replays of one client`);
    if (this.#count >= maxTotalReplays) return quota(`more than ${maxTotalReplays} replays`);
    for (const topic of this.#followers.source.topics()) {
      const key = keyIn(topic, places);
      if (key === undefined) continue;
      if (this.#followers.count + topic.partitions.length > maxReplayPartitions) {
        return quota(`replays of more than ${maxReplayPartitions} partitions`);
      }
      replay.begin(topic, key);
    }
    return null;
  }

  #keep(client: Client, filter: string, running: Running): void {
    const replays = this.#byClient.get(client) ?? new Map<string, Running>();
    this.#byClient.set(client, replays.set(filter, running));
    this.#changed(1);
  }

  #changed(by: number): void {
    this.#count += by;
    this.#door.stats.replays = this.#count;
    if (this.#count > 0)
      this.#stopListening ??= this.#followers.onTopics((topic) => this.#topicChanged(topic));
    else {
      this.#stopListening?.();
      this.#stopListening = null;
    }
  }

  /** A topic has come, or has more partitions: all of that is live. */
  #topicChanged(name: string): void {
    const topic = this.#followers.source.topic(name);
    if (topic === null) return;
    for (const [client, replays] of this.#byClient) {
      for (const [filter, { replay, places }] of replays) {
        const key = keyIn(topic, places);
        if (key === undefined) continue;
        if (this.#followers.count + topic.partitions.length > this.#door.limits.maxReplayPartitions) {
          const fields = { ...clientFields(client), filter, topic: name };
          this.#door.log.warn("a replay leaves out a new topic: too many partitions are followed", fields);
        } else replay.join(topic, key);
      }
    }
  }
}

/** A session that outlives its connection would have to remember packet identifiers of QoS 2 for a replay that does not. */
function grantedQos({ session }: Client, qos: Qos): Qos {
  return session instanceof DurableSession && qos === 2 ? 1 : qos;
}

/** The key to look for in a topic; null for all of its records, undefined where none of them is meant. */
function keyIn(topic: HistoryTopic, places: readonly HistoryPlace[]): string | null | undefined {
  if (topic.internal) return undefined;
  const keys = new Set(places.filter(({ isTopic }) => isTopic(topic.name)).map(({ key }) => key));
  if (keys.size === 0) return undefined;
  const [key = null] = keys;
  return keys.size === 1 ? key : null;
}

function quota(what: string): ReplayRefusal {
  return { reason: Reason.QUOTA_EXCEEDED, what };
}
