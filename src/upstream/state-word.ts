import type { UplinkStatus } from "./status.ts";

/** An uplink's state in a word. Forwarding with nothing left to forward is idle; with nothing that may go up yet it is held. */
export function stateWord({
  state,
  lagRecords,
  topics,
}: Pick<UplinkStatus, "state" | "lagRecords" | "topics">): string {
  if (state.kind !== "forwarding") return state.kind;
  if (lagRecords === 0) return "idle";
  const waiting = topics.flatMap(({ state: of, partitions }) =>
    of === "forwarding" ? partitions.filter((partition) => partition.lagRecords !== 0) : [],
  );
  return waiting.length > 0 && waiting.every(({ hold }) => hold !== null) ? "held" : state.kind;
}
