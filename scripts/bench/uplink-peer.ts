import { CommittedCount, createTopic, fill, TOPIC } from "./backlog.ts";
import { startOurs } from "./brokers.ts";
import { type MirrorMaker, mirrorMakerMissing, startMirrorMaker } from "./mirror-maker.ts";
import { cpuSeconds, residentMb } from "./procfs.ts";

const LOOK_MS = 500;
const SETTLE_MS = 1_500;
/** To start takes it tens of seconds on two cores. */
const TIMEOUT_MS = 300_000;

export interface PeerCatchUp {
  readonly seconds: number;
  readonly cpuSeconds: number;
  readonly mostMb: number;
}

/**
 * What MirrorMaker 2 takes to carry the same backlog from the same gateway to the same Kafka, exactly once, when it is warm; or in
 * words why there is none. Unlike ours it may use both cores, and what reading costs the gateway is not counted.
 */
export async function mirrorMakerCatchUp(
  centre: string,
  warmingRecords: number,
  records: number,
): Promise<PeerCatchUp | string> {
  const missing = mirrorMakerMissing();
  if (missing !== null) return missing;
  const gateway = await startOurs("headwater");
  const from = gateway.kafka ?? "";
  await createTopic(from);
  await fill(from, warmingRecords);
  const peer = await startMirrorMaker(from, centre, TOPIC);
  const arrived = new CommittedCount(centre, peer.centralTopic);
  try {
    await caughtUp(peer, arrived, warmingRecords);
    await Bun.sleep(SETTLE_MS);
    process.kill(peer.pid, "SIGSTOP");
    await fill(from, records);
    await Bun.sleep(SETTLE_MS);
    const [startMs, startCpu] = [performance.now(), cpuSeconds(peer.pid)];
    process.kill(peer.pid, "SIGCONT");
    const mostMb = await caughtUp(peer, arrived, warmingRecords + records);
    const seconds = (performance.now() - startMs) / 1000;
    return { seconds, cpuSeconds: cpuSeconds(peer.pid) - startCpu, mostMb };
  } finally {
    arrived.close();
    await peer.stop();
    await gateway.stop();
  }
}

/** Resolves with the most memory that it had meanwhile. */
async function caughtUp(peer: MirrorMaker, arrived: CommittedCount, records: number): Promise<number> {
  const startMs = performance.now();
  let mostMb = 0;
  for (;;) {
    const count = await arrived.look();
    mostMb = Math.max(mostMb, residentMb(peer.pid));
    if (count >= records) return mostMb;
    if (!peer.running || performance.now() - startMs > TIMEOUT_MS) {
      throw new Error(`MirrorMaker carried ${count} of ${records} records:\n${peer.log().slice(-4000)}`);
    }
    await Bun.sleep(LOOK_MS);
  }
}
