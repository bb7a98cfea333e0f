import { parseAddress } from "../config/address.ts";
import type { BridgeStatus } from "../http/status.ts";
import type { Command, Input } from "./command.ts";
import { EXIT, UsageError } from "./exit-codes.ts";
import { columns } from "./help.ts";
import { fetchStatus } from "./http-client.ts";
import type { World } from "./world.ts";

const DEFAULT_HTTP = "127.0.0.1:8080";

export const bridgeCommand: Command = {
  name: "bridge",
  summary: "See how messages are carried to and from other MQTT brokers",
  commands: [
    {
      name: "status",
      summary: "Show state and counts of every bridge of a running gateway",
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
        "LAG is records to look through: at least as many as there are messages to carry. The exit code is 1 where a bridge is not connected, and not about to be for the first time.",
      ],
      examples: [["headwater bridge status -o json", "for scripts"]],
      run: status,
    },
  ],
};

async function status(input: Input, world: World): Promise<number> {
  const address = input.value("http") ?? DEFAULT_HTTP;
  const parsed = parseAddress(address, "127.0.0.1");
  if (typeof parsed === "string") throw new UsageError(`--http ${address}: ${parsed}; write host:port`);
  const { bridges = [], gatewayId } = await fetchStatus(address);
  const name = input.positionals[0];
  const chosen = name === undefined ? bridges : bridges.filter((bridge) => bridge.name === name);
  if (name !== undefined && chosen.length === 0) {
    const names = bridges.map((bridge) => bridge.name).join(", ") || "none";
    world.err(`the gateway ${gatewayId} has no bridge ${JSON.stringify(name)}; it has ${names}\n`);
    return EXIT.failed;
  }
  if (input.json) world.out(`${JSON.stringify({ gatewayId, bridges: chosen })}\n`);
  else if (chosen.length === 0) world.out(`the gateway ${gatewayId} has no bridge\n`);
  else world.out(bridgeTable(chosen));
  return chosen.every(({ state }) => state === "connected" || state === "connecting") ? EXIT.ok : EXIT.failed;
}

function bridgeTable(bridges: readonly BridgeStatus[]): string {
  const head = ["BRIDGE", "STATE", "REMOTE", "IN", "OUT", "IN FLIGHT", "LAG", "GAPS", "LAST ERROR"];
  const rows = bridges.map(({ name, state, url, in: inward, out, lastError }) => [
    name,
    state,
    url,
    String(inward.messages),
    String(out.messages),
    String(inward.inFlight + out.inFlight),
    out.lagRecords === null ? "?" : String(out.lagRecords),
    String(out.gaps + inward.dropped),
    lastError ?? "-",
  ]);
  return columns([head, ...rows]);
}
