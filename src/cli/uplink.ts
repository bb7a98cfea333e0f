import { parseAddress } from "../config/address.ts";
import { formatDurationMs } from "../config/units.ts";
import type { UplinkStatus } from "../http/status.ts";
import type { Command, Input } from "./command.ts";
import { EXIT, UsageError } from "./exit-codes.ts";
import { columns } from "./help.ts";
import { fetchStatus } from "./http-client.ts";
import type { World } from "./world.ts";

const DEFAULT_HTTP = "127.0.0.1:8080";

export const uplinkCommand: Command = {
  name: "uplink",
  summary: "See how records are carried to the centre",
  commands: [
    {
      name: "status",
      summary: "Show state and lag of every uplink of a running gateway",
      positionals: "[NAME]",
      maxPositionals: 1,
      flags: [
        {
          name: "http",
          value: "HOST:PORT",
          doc: `HTTP door of the gateway; ${DEFAULT_HTTP} where left out.`,
        },
      ],
      notes: [
        "The exit code is 1 where an uplink is not forwarding: backing off from its centre, fenced, failed or stopped.",
      ],
      examples: [["headwater uplink status -o json", "for scripts"]],
      run: status,
    },
  ],
};

async function status(input: Input, world: World): Promise<number> {
  const address = input.value("http") ?? DEFAULT_HTTP;
  const parsed = parseAddress(address, "127.0.0.1");
  if (typeof parsed === "string") throw new UsageError(`--http ${address}: ${parsed}; write host:port`);
  const { uplinks, gatewayId } = await fetchStatus(address);
  const name = input.positionals[0];
  const chosen = name === undefined ? uplinks : uplinks.filter((uplink) => uplink.name === name);
  if (name !== undefined && chosen.length === 0) {
    const names = uplinks.map((uplink) => uplink.name).join(", ") || "none";
    world.err(`the gateway ${gatewayId} has no uplink ${JSON.stringify(name)}; it has ${names}\n`);
    return EXIT.failed;
  }
  if (input.json) world.out(`${JSON.stringify({ gatewayId, uplinks: chosen })}\n`);
  else if (chosen.length === 0) world.out(`the gateway ${gatewayId} has no uplink\n`);
  else world.out(uplinkTable(chosen));
  return chosen.every(isMoving) ? EXIT.ok : EXIT.failed;
}

/** States in which nobody has to do anything. */
const MOVING: ReadonlySet<string> = new Set(["connecting", "resolving", "forwarding", "idle"]);

function isMoving({ state }: UplinkStatus): boolean {
  return MOVING.has(state);
}

function uplinkTable(uplinks: readonly UplinkStatus[]): string {
  const head = ["UPLINK", "STATE", "LAG", "BEHIND", "FORWARDED", "GAPS", "CENTRE", "LAST ERROR"];
  const rows = uplinks.map((uplink) => [
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
  ]);
  return columns([head, ...rows]);
}
