import type { Reading } from "../../../devices/simulator/reading.ts";
import { TopicReader } from "../../../devices/simulator/topic-reader.ts";
import { HttpDoor } from "../../../src/cli/http/door.ts";
import { fetchStatus } from "../../../src/cli/http/requests.ts";
import type { SeededRandom } from "../../../src/io/simulated/random.ts";
import type { Headwater } from "../../support/headwater.ts";
import { type CentralCluster, GATEWAY_USER, ID_LIFE_MS } from "./central-cluster.ts";

export const TOPIC = "telemetry";
export const UPLINK = "centre";

/** What a fault has at hand. */
export interface Scene {
  readonly cluster: CentralCluster;
  readonly random: SeededRandom;
  readonly gateways: readonly { readonly id: string; readonly gateway: Headwater }[];
  /** Readings that a careful reader saw in a topic before somebody deleted it, in its order. */
  readonly readBefore: Reading[];
}

export interface CentralFault {
  readonly name: string;
  /** How long it lasts after `strike`, at least. */
  readonly lastsMs: number;
  /** What a gateway's log says of it, so that a fault that hit nobody is not taken for one that did no harm. */
  readonly told: RegExp | null;
  strike(scene: Scene): Promise<void>;
  heal(scene: Scene): Promise<void>;
}

const ACLS = "org.apache.kafka.tools.AclCommand";
const CONFIGS = "kafka.admin.ConfigCommand";
const DENIED = ["--deny-principal", `User:${GATEWAY_USER}`, "--operation", "Write", "--topic", TOPIC];
const QUOTA = ["--alter", "--entity-type", "clients", "--entity-default"];
const EXPIRY_DEADLINE_MS = 40_000;

export const CENTRAL_FAULTS: readonly CentralFault[] = [
  {
    name: "leader-killed",
    lastsMs: 3_000,
    told: null,
    strike: async ({ cluster }) => cluster.kafka.kill(await cluster.leaderOf(TOPIC)),
    heal: ({ cluster }) => cluster.kafka.restart(),
  },
  {
    name: "coordinator-killed",
    lastsMs: 3_000,
    told: null,
    strike: async ({ cluster, random, gateways }) => {
      const chosen = gateways[random.below(gateways.length)];
      await cluster.kafka.kill(await cluster.coordinatorOf(transactionalId(chosen?.id ?? "")));
    },
    heal: ({ cluster }) => cluster.kafka.restart(),
  },
  {
    name: "all-restarted",
    lastsMs: 500,
    told: null,
    strike: ({ cluster }) => cluster.kafka.kill(),
    heal: ({ cluster }) => cluster.kafka.restart(),
  },
  {
    name: "partitioned",
    lastsMs: 6_000,
    told: null,
    strike: async ({ cluster }) => {
      for (const link of cluster.links) link.partitioned = true;
    },
    heal: async ({ cluster }) => {
      for (const link of cluster.links) link.heal();
    },
  },
  {
    name: "slow",
    lastsMs: 6_000,
    told: null,
    strike: async ({ cluster, random }) => {
      for (const link of cluster.links) link.delayMs = 200 + random.below(300);
    },
    heal: async ({ cluster }) => {
      // What is on its way must not be overtaken.
      cluster.cutLinks();
      for (const link of cluster.links) link.delayMs = 0;
    },
  },
  {
    name: "wrong-certificates",
    lastsMs: 4_000,
    told: /certificate/,
    strike: async ({ cluster }) => {
      cluster.trust("wrong");
      cluster.cutLinks();
    },
    heal: async ({ cluster }) => cluster.trust("right"),
  },
  {
    name: "topic-deleted",
    lastsMs: 2_000,
    told: null,
    strike: deleteTopic,
    heal: async () => {},
  },
  {
    name: "acl-revoked",
    lastsMs: 2_000,
    told: /AUTHORIZATION_FAILED/,
    strike: async ({ cluster }) => void (await cluster.tool(ACLS, "--add", ...DENIED)),
    heal: async ({ cluster }) => void (await cluster.tool(ACLS, "--remove", "--force", ...DENIED)),
  },
  {
    name: "quota-throttled",
    lastsMs: 4_000,
    told: null,
    strike: async ({ cluster }) =>
      void (await cluster.tool(CONFIGS, ...QUOTA, "--add-config", "producer_byte_rate=500")),
    heal: async ({ cluster }) =>
      void (await cluster.tool(CONFIGS, ...QUOTA, "--delete-config", "producer_byte_rate")),
  },
  {
    name: "transactional-id-expired",
    lastsMs: ID_LIFE_MS,
    told: /backing off/,
    strike: expireIds,
    heal: async ({ cluster }) => {
      for (const link of cluster.links) link.refusing = false;
    },
  },
];

/** All that the centre may know of a gateway by name. */
export function transactionalId(gatewayId: string): string {
  return `headwater.${gatewayId}.${UPLINK}`;
}

/** The uplinks wait while an operator reads the topic to its end and deletes it: what was in it then was there. */
async function deleteTopic({ cluster, gateways, readBefore }: Scene): Promise<void> {
  for (const { gateway } of gateways) await control(gateway, "pause");
  for (const { gateway } of gateways) {
    while ((await fetchStatus(new HttpDoor(`http://${gateway.http}`))).uplinks[0]?.state !== "held")
      await Bun.sleep(100);
  }
  const bootstrap = cluster.kafka.nodes.map(({ host, port }) => ({ host, port }));
  const reader = await TopicReader.open({
    bootstrap,
    topic: TOPIC,
    isolation: "read_committed",
    stallMs: 30_000,
  });
  await reader.readToEnd((reading) => readBefore.push(reading));
  reader.close();
  const { error } = await cluster.admin.deleteTopic(TOPIC);
  if (error !== 0) throw new Error(`the topic was not deleted: error ${error}`);
  for (const { gateway } of gateways) await control(gateway, "resume");
}

/** Cuts the gateways off until the centre has forgotten who they are. */
async function expireIds({ cluster, gateways }: Scene): Promise<void> {
  const known = await listTransactions(cluster);
  for (const { id } of gateways) {
    if (!known.includes(transactionalId(id))) throw new Error(`the centre never knew ${id}:\n${known}`);
  }
  for (const link of cluster.links) link.refusing = true;
  cluster.cutLinks();
  const deadline = performance.now() + EXPIRY_DEADLINE_MS;
  for (;;) {
    await Bun.sleep(ID_LIFE_MS);
    const listed = await listTransactions(cluster);
    if (!gateways.some(({ id }) => listed.includes(transactionalId(id)))) return;
    if (performance.now() > deadline) throw new Error(`these did not expire:\n${listed}`);
  }
}

function listTransactions(cluster: CentralCluster): Promise<string> {
  return cluster.tool("org.apache.kafka.tools.TransactionsCommand", "list");
}

/** Says to the uplink what an operator would. */
export async function control(gateway: Headwater, action: "pause" | "resume"): Promise<void> {
  const answer = await fetch(`http://${gateway.http}/api/uplinks/${UPLINK}/${action}`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: "{}",
  });
  if (!answer.ok) throw new Error(`${action}: ${answer.status} ${await answer.text()}`);
}
