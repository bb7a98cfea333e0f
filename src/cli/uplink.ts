import { formatDurationMs } from "../config/units.ts";
import type { UplinkStatus } from "../http/status.ts";
import { type Carrier, carrierStatus, HTTP_FLAG } from "./carrier-status.ts";
import type { Command } from "./command.ts";

/** States in which nobody has to do anything. */
const MOVING: ReadonlySet<string> = new Set(["connecting", "resolving", "forwarding", "idle"]);

const UPLINKS: Carrier<UplinkStatus> = {
  kind: "uplink",
  of: ({ uplinks }) => uplinks,
  head: ["UPLINK", "STATE", "LAG", "BEHIND", "FORWARDED", "GAPS", "CENTRE", "LAST ERROR"],
  row: (uplink) => [
    uplink.name,
    uplink.state,
    uplink.lagRecords === null ? "?" : String(uplink.lagRecords),
    uplink.lagMs === null
      ? "?"
      : uplink.lagMs === 0
        ? "0s"
        : formatDurationMs(Math.ceil(uplink.lagMs / 1000) * 1000),
    String(uplink.forwardedRecords),
    String(uplink.gaps),
    uplink.bootstrap.join(","),
    uplink.lastError ?? "-",
  ],
  isWell: ({ state }) => MOVING.has(state),
};

export const uplinkCommand: Command = {
  name: "uplink",
  summary: "See how records are carried to the centre",
  commands: [
    {
      name: "status",
      summary: "Show state and lag of every uplink of a running gateway",
      positionals: "[NAME]",
      maxPositionals: 1,
      flags: [HTTP_FLAG],
      notes: [
        "The exit code is 1 where an uplink is not forwarding: backing off from its centre, fenced, failed or stopped.",
      ],
      examples: [["headwater uplink status -o json", "for scripts"]],
      run: (input, world) => carrierStatus(UPLINKS, input, world),
    },
  ],
};
