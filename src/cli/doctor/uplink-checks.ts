import { type ErrorCode, HeadwaterError } from "../../base/errors.ts";
import { formatAddress } from "../../config/address.ts";
import { filledForGateway } from "../../config/mirror-conflicts.ts";
import type { Settings } from "../../config/options.ts";
import type { UplinkSettings } from "../../config/uplink-options.ts";
import { SystemClock } from "../../io/bun/clock.ts";
import { SystemNetwork } from "../../io/bun/network.ts";
import { PlainDisk } from "../../io/bun/plain-disk.ts";
import { SystemRandom } from "../../io/bun/random.ts";
import { END_TXN } from "../../kafka/client/client-apis.ts";
import { clusterOptions, KafkaCluster } from "../../kafka/client/cluster.ts";
import { securitySource } from "../../kafka/client/security.ts";
import { ERROR, errorName } from "../../kafka/wire/generated/errors.ts";
import { centralName } from "../../upstream/routing.ts";
import type { Finding, Verdict } from "./finding.ts";

const CONNECT_TIMEOUT_MS = 5_000;
const REQUEST_TIMEOUT_MS = 10_000;

/** Whether a centre can be found, reached and logged in to, by each of its addresses; nothing is changed there. */
export async function checkUplink(uplink: UplinkSettings, settings: Settings): Promise<Finding> {
  const check = `uplink ${uplink.name}`;
  const failures: HeadwaterError[] = [];
  let centre: CentreReport | null = null;
  for (const address of uplink.bootstrap) {
    const found = await meet(uplink, settings, [address]);
    if (found instanceof HeadwaterError) failures.push(found);
    else centre ??= found;
  }
  if (centre === null) return unreachable(check, uplink, failures);
  const { clusterId, brokers, transactions, denied, missing, unmirrored } = centre;
  const data = {
    clusterId,
    brokers,
    denied,
    missing,
    unmirrored,
    failures: failures.map(({ message }) => message),
  };
  const value = `cluster ${clusterId || "without an id"}, ${brokers} broker${brokers === 1 ? "" : "s"}`;
  const tell = (verdict: Verdict, meaning: string, remedy: string | null): Finding => ({
    check,
    verdict,
    value,
    meaning,
    remedy,
    data,
  });
  if (uplink.delivery === "transactional" && !transactions) {
    return tell("problem", "it has no transactions", 'write delivery = "idempotent" for this uplink');
  }
  if (denied.length > 0) {
    const remedy = "allow this user to describe and write them there, and to read those that are mirrored";
    return tell("problem", `it denies topics: ${denied.join(", ")}`, remedy);
  }
  if (missing.length > 0 && !uplink["create.topics.enable"]) {
    return tell("warning", `it lacks topics: ${missing.join(", ")}`, "have somebody make them there");
  }
  if (unmirrored.length > 0) {
    return tell(
      "warning",
      `it lacks topics to mirror: ${unmirrored.join(", ")}`,
      "have somebody make them there",
    );
  }
  if (failures.length === 0) return tell("ok", "it can be reached and takes us in", null);
  const reasons = failures.map(({ message }) => message).join("; ");
  return tell("warning", `not by all addresses: ${reasons}`, "correct bootstrap, or see to those brokers");
}

interface CentreReport {
  readonly clusterId: string;
  readonly brokers: number;
  readonly transactions: boolean;
  /** Topics that routes name in full: those that we may not see, and those that are not there. */
  readonly denied: readonly string[];
  readonly missing: readonly string[];
  /** Topics that mirrors name, and that are not there. */
  readonly unmirrored: readonly string[];
}

async function meet(
  uplink: UplinkSettings,
  settings: Settings,
  bootstrap: UplinkSettings["bootstrap"],
): Promise<CentreReport | HeadwaterError> {
  const clock = new SystemClock();
  const disk = new PlainDisk();
  const cluster = new KafkaCluster(
    { clock, network: new SystemNetwork(clock), random: new SystemRandom() },
    clusterOptions(bootstrap, {
      requestTimeoutMs: REQUEST_TIMEOUT_MS,
      connection: { clientId: "headwater-doctor", connectTimeoutMs: CONNECT_TIMEOUT_MS },
      security: securitySource(uplink, (path, maxBytes) => disk.readFile(path, maxBytes)),
    }),
  );
  try {
    const named = namedTopics(uplink, settings);
    const mirrored = uplink.mirror.map(({ topic }) => filledForGateway(topic, settings));
    const topics = await cluster.refresh([...new Set([...named, ...mirrored])]);
    const any = await cluster.any();
    const of = (among: readonly string[], ...errors: readonly number[]) =>
      topics
        .filter(({ name, error }) => among.includes(name) && errors.includes(error))
        .map(({ name, error }) => `${name} (${errorName(error)})`);
    return {
      clusterId: cluster.clusterId ?? "",
      brokers: cluster.brokers.size,
      transactions: any.versionOf(END_TXN) >= 0,
      denied: of([...named, ...mirrored], ERROR.TOPIC_AUTHORIZATION_FAILED, ERROR.INVALID_TOPIC_EXCEPTION),
      missing: of(named, ERROR.UNKNOWN_TOPIC_OR_PARTITION),
      unmirrored: of(mirrored, ERROR.UNKNOWN_TOPIC_OR_PARTITION),
    };
  } catch (error) {
    if (!(error instanceof HeadwaterError)) throw error;
    return error;
  } finally {
    cluster.close();
  }
}

/** At the centre, of the local topics that are named without a wildcard. */
function namedTopics(uplink: UplinkSettings, settings: Settings): readonly string[] {
  const place = { gateway: settings["gateway.id"], site: settings["gateway.site"] };
  const routes = [...uplink.route, { topics: uplink.topics, topic: "{topic}" }];
  return [
    ...new Set(
      routes.flatMap(({ topics, topic }) =>
        topics
          .filter((name) => !name.includes("*"))
          .map((name) => centralName(topic, { ...place, topic: name })),
      ),
    ),
  ];
}

/** By the failure's code: whether waiting may help, and else what does. */
const VERDICTS: Readonly<Partial<Record<ErrorCode, readonly [Verdict, string]>>> = {
  AUTHENTICATION: ["problem", "correct sasl.mechanism, sasl.username or the password"],
  TLS_HANDSHAKE: ["problem", "correct ssl.ca, ssl.server.name, or the broker's certificate"],
  CONFIG_INVALID: ["problem", "correct the files of ssl.ca, ssl.certificate and ssl.key"],
  MALFORMED: ["problem", "check port and security.protocol: no Kafka of this kind listens there"],
  FILE_MISSING: ["warning", "put the file there; the gateway waits for it"],
};

function unreachable(check: string, uplink: UplinkSettings, failures: readonly HeadwaterError[]): Finding {
  const telling = failures.find(({ code }) => VERDICTS[code] !== undefined) ?? failures[0];
  const [verdict, remedy] = VERDICTS[telling?.code ?? "NETWORK"] ?? [
    "warning",
    "check network, name and port; the gateway starts without it, and tries again",
  ];
  return {
    check,
    verdict,
    value: uplink.bootstrap.map(formatAddress).join(", "),
    meaning: failures.map(({ message }) => message).join("; "),
    remedy,
    data: { failures: failures.map(({ code, message }) => ({ code, message })) },
  };
}
