import type { BridgeStatus } from "../http/status.ts";
import { type Carrier, carrierStatus } from "./carrier-status.ts";
import type { Command } from "./command.ts";
import { atDoor, HTTP_FLAGS } from "./http/flags.ts";

const BRIDGES: Carrier<BridgeStatus> = {
  kind: "bridge",
  of: ({ bridges = [] }) => bridges,
  head: ["BRIDGE", "STATE", "REMOTE", "IN", "OUT", "IN FLIGHT", "LAG", "GAPS", "LAST ERROR"],
  row: ({ name, state, url, in: inward, out, lastError }) => [
    name,
    state,
    url,
    String(inward.messages),
    String(out.messages),
    String(inward.inFlight + out.inFlight),
    out.lagRecords === null ? "not known yet" : String(out.lagRecords),
    String(out.gaps + inward.dropped),
    lastError ?? "-",
  ],
  isWell: ({ state }) => state === "connected" || state === "connecting",
};

export const bridgeCommand: Command = {
  name: "bridge",
  summary: "See how messages are carried to and from other MQTT brokers",
  commands: [
    {
      name: "status",
      summary: "Show state and counts of every bridge of a running gateway",
      positionals: "[NAME]",
      maxPositionals: 1,
      flags: HTTP_FLAGS,
      notes: [
        "LAG is records to look through: at least as many as there are messages to carry. The exit code is 1 where a bridge is not connected, and not about to be for the first time.",
      ],
      examples: [["headwater bridge status -o json", "for scripts"]],
      run: atDoor((input, world, door) => carrierStatus(BRIDGES, input, world, door)),
    },
  ],
};
