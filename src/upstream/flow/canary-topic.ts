/** Canaries, on the gateway and at the centre. Every uplink carries it, whatever its routes say. */
export const CANARY_TOPIC = "headwater.canary";

/** Of the local topic: what is an hour old has been seen, or never will be. */
export const CANARY_CONFIGS: ReadonlyMap<string, string> = new Map([
  ["cleanup.policy", "delete"],
  ["retention.ms", "3600000"],
  ["segment.ms", "3600000"],
  ["segment.bytes", "1048576"],
]);

/** What the canaries of an uplink have as key. */
export function canaryKey(gatewayId: string, uplink: string): string {
  return `${gatewayId}/${uplink}`;
}
