import { HeadwaterError } from "../base/errors.ts";
import { readPeer } from "../config/option.ts";
import { SystemClock } from "../io/bun/clock.ts";
import { SystemNetwork } from "../io/bun/network.ts";
import { SystemRandom } from "../io/bun/random.ts";
import { clusterOptions, KafkaCluster, type TopicMetadata } from "../kafka/client/cluster.ts";
import { ERROR, errorName } from "../kafka/wire/generated/errors.ts";
import type { Flag, Input } from "./command.ts";
import { EXIT, UsageError } from "./exit-codes.ts";
import { SECURITY_FLAGS, securityOf } from "./kafka-security.ts";
import type { World } from "./world.ts";

const DEFAULT_BOOTSTRAP = "127.0.0.1:9092";
const CONNECT_TIMEOUT_MS = 5_000;
const REQUEST_TIMEOUT_MS = 15_000;

/** Options of every command that talks to a broker. */
export const KAFKA_FLAGS: readonly Flag[] = [
  {
    name: "bootstrap",
    short: "b",
    value: "HOST:PORT,...",
    doc: `Brokers to ask; any Kafka will do. ${DEFAULT_BOOTSTRAP} where left out.`,
  },
  ...SECURITY_FLAGS,
];

/** Runs `work` with a client of the cluster that the command line names, and closes it. */
export async function withCluster(
  input: Input,
  work: (cluster: KafkaCluster) => Promise<number>,
): Promise<number> {
  const cluster = clusterAt("bootstrap", input.value("bootstrap") ?? DEFAULT_BOOTSTRAP, {
    security: securityOf(input),
  });
  try {
    return await work(cluster);
  } finally {
    cluster.close();
  }
}

/** A client of the cluster at `addresses`, as the option `flag` gives them. Throws UsageError. */
export function clusterAt(
  flag: string,
  addresses: string,
  given: Parameters<typeof clusterOptions>[1] = {},
): KafkaCluster {
  const clock = new SystemClock();
  const seams = { clock, network: new SystemNetwork(clock), random: new SystemRandom() };
  const bootstrap = addresses.split(",").map((text) => {
    const peer = readPeer(text.trim());
    if (!peer.ok) throw new UsageError(`--${flag} ${text}: ${peer.fault}; ${peer.remedy}`);
    return peer.value;
  });
  const connection = { clientId: "headwater-cli", connectTimeoutMs: CONNECT_TIMEOUT_MS };
  const options = { requestTimeoutMs: REQUEST_TIMEOUT_MS, connection, ...given };
  return new KafkaCluster(seams, clusterOptions(bootstrap, options));
}

/** What is known of a topic that has to be there; null, with a message written, where it is not. */
export async function requireTopic(
  cluster: KafkaCluster,
  name: string,
  world: World,
): Promise<TopicMetadata | null> {
  const [topic] = await cluster.refresh([name]);
  if (topic?.error === 0) return topic;
  world.err(`${topicProblem(name, topic?.error ?? ERROR.UNKNOWN_TOPIC_OR_PARTITION)}\n`);
  return null;
}

/** Why a topic can't be had, in words. */
export function topicProblem(name: string, error: number, message: string | null = null): string {
  if (error === ERROR.UNKNOWN_TOPIC_OR_PARTITION) {
    return `there is no topic ${name}; headwater topic list shows those there are`;
  }
  if (error === ERROR.TOPIC_ALREADY_EXISTS) return `the topic ${name} exists already`;
  return `topic ${name}: ${errorName(error)}${message === null ? "" : `: ${message}`}`;
}

/** A whole number of 0 or more that an option gives. Throws UsageError. */
export function wholeNumber(input: Input, name: string): number | null {
  const text = input.value(name);
  return text === null ? null : parseWholeNumber(text, `--${name}`);
}

export function parseWholeNumber(text: string, what: string): number {
  if (!/^\d{1,15}$/.test(text)) throw new UsageError(`${what} ${text}: write a whole number`);
  return Number(text);
}

/** The exit code of an error that a broker answered with. */
export function exitCodeOfProtocol(error: number): number {
  return error === ERROR.NETWORK_EXCEPTION || error === ERROR.REQUEST_TIMED_OUT
    ? EXIT.unreachable
    : EXIT.failed;
}

/** Retries `attempt` with growing waits until it succeeds or gives up by itself. Throws TIMED_OUT at the deadline. */
export async function waitUntil(
  what: string,
  timeoutMs: number,
  cluster: KafkaCluster,
  attempt: () => Promise<boolean>,
): Promise<void> {
  const { clock } = cluster.seams;
  const endMs = clock.monotonicMs() + timeoutMs;
  for (let waitMs = 20; ; waitMs = Math.min(waitMs * 2, 1_000)) {
    if (await attempt()) return;
    if (clock.monotonicMs() + waitMs > endMs) {
      throw new HeadwaterError("TIMED_OUT", `${what}: not within ${timeoutMs / 1000} s`);
    }
    await new Promise<void>((resolve) => {
      clock.after(waitMs, resolve);
    });
  }
}
