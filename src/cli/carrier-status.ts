import { STARTING } from "../http/status.ts";
import type { Input } from "./command.ts";
import { EXIT } from "./exit-codes.ts";
import { columns } from "./help.ts";
import type { HttpDoor } from "./http/door.ts";
import { fetchStatus, type StatusAnswer } from "./http/requests.ts";
import type { World } from "./world.ts";

/** What carries messages or records out of a gateway, and how its status is shown. */
export interface Carrier<Status extends { readonly name: string }> {
  readonly kind: "bridge" | "uplink";
  of(answer: StatusAnswer): readonly Status[];
  readonly head: readonly string[];
  row(status: Status): readonly string[];
  /** A second table, of what belongs to them, where there is any. */
  details?(chosen: readonly Status[]): readonly (readonly string[])[];
  /** Whether nobody has to do anything. */
  isWell(status: Status): boolean;
}

/** Shows the carriers of a running gateway, or the one that is named. The exit code says whether all of them are well. */
export async function carrierStatus<Status extends { readonly name: string }>(
  carrier: Carrier<Status>,
  input: Input,
  world: World,
  door: HttpDoor,
): Promise<number> {
  const { kind } = carrier;
  const answer = await fetchStatus(door);
  const { gatewayId } = answer;
  // Doors answer before there is anything that carries: "it has none" would not be true.
  if (isStarting(answer)) {
    world.err(`the gateway ${gatewayId} is starting: its ${kind}s are not known yet; ask again\n`);
    return EXIT.failed;
  }
  const all = carrier.of(answer);
  const name = input.positionals[0];
  const chosen = name === undefined ? all : all.filter((one) => one.name === name);
  if (name !== undefined && chosen.length === 0) {
    const names = all.map((one) => one.name).join(", ") || "none";
    world.err(`the gateway ${gatewayId} has no ${kind} ${JSON.stringify(name)}; it has ${names}\n`);
    return EXIT.failed;
  }
  if (input.json) world.out(`${JSON.stringify({ gatewayId, [`${kind}s`]: chosen })}\n`);
  else if (chosen.length === 0) world.out(`the gateway ${gatewayId} has no ${kind}\n`);
  else {
    world.out(columns([carrier.head, ...chosen.map((one) => carrier.row(one))]));
    const details = carrier.details?.(chosen) ?? [];
    if (details.length > 0) world.out(`\n${columns(details)}`);
  }
  return chosen.every((one) => carrier.isWell(one)) ? EXIT.ok : EXIT.failed;
}

/** Whether the gateway has not come to its uplinks and bridges yet; one of before does not say. */
function isStarting({ reasons }: Partial<StatusAnswer>): boolean {
  return reasons?.some((reason) => reason.startsWith(STARTING)) ?? false;
}
