/**
 * Headwater with a planted bug, started as `headwater` is. FAULT names the bug:
 *
 * - "commit-apart": it commits its positions by themselves, some time before the transaction with the records ends. A
 *   gateway that is killed in between never sends those records. FAULTY_CENTRE is the centre's host:port.
 * - "blind": without transactions, it does not look at what the centre has already, and sends it again after a crash.
 */
import { parseAddress } from "../../../src/config/address.ts";
import { SystemClock } from "../../../src/io/bun/clock.ts";
import { SystemNetwork } from "../../../src/io/bun/network.ts";
import { SystemRandom } from "../../../src/io/bun/random.ts";
import { clusterOptions, KafkaCluster } from "../../../src/kafka/client/cluster.ts";
import { KafkaCentre } from "../../../src/upstream/kafka-centre.ts";
import { Reconciliation } from "../../../src/upstream/reconciliation.ts";
import { commitOutsideTransaction } from "../../upstream/planted-bugs.ts";

/** Between the position's commit and the records': as long as a slow centre takes, or as FAULTY_GAP_MS says. */
const GAP_MS = Number(process.env.FAULTY_GAP_MS ?? 100);

function plantCommitApart(): void {
  const address = parseAddress(process.env.FAULTY_CENTRE ?? "", "");
  if (typeof address === "string") throw new Error(`FAULTY_CENTRE: ${address}`);
  const clock = new SystemClock();
  const seams = { clock, network: new SystemNetwork(clock), random: new SystemRandom() };
  const cluster = new KafkaCluster(seams, clusterOptions([address]));
  const genuine = KafkaCentre.prototype.perform;
  KafkaCentre.prototype.perform = function (calls, answered) {
    const centre = { perform: genuine.bind(this), close: () => {} };
    const commits = new Set(calls.filter(({ kind }) => kind === "commit-offsets").map(({ id }) => id));
    commitOutsideTransaction(centre, cluster).perform(calls, (id, outcome) => {
      if (commits.has(id)) setTimeout(() => answered(id, outcome), GAP_MS);
      else answered(id, outcome);
    });
  };
}

function plantBlind(): void {
  Reconciliation.prototype.result = () => null;
}

const FAULTS: ReadonlyMap<string, () => void> = new Map([
  ["commit-apart", plantCommitApart],
  ["blind", plantBlind],
]);

const plant = FAULTS.get(process.env.FAULT ?? "");
if (plant === undefined) throw new Error(`FAULT is none of ${[...FAULTS.keys()].join(", ")}`);
plant();
await import("../../../src/main.ts");
