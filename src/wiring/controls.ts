import type { ControlSource, UplinkAction } from "../http/controls.ts";
import type { MqttDoor } from "../mqtt/listener.ts";
import type { LinkMode } from "../upstream/link/link-record.ts";
import type { Uplinks } from "./uplinks.ts";

/** What may be changed of a gateway over HTTP. Null while there is nothing yet. */
export function controlSource(uplinks: Uplinks | null, mqtt: MqttDoor | null): ControlSource | null {
  if (uplinks === null) return null;
  const to =
    (mode: LinkMode): UplinkAction =>
    async (name) => {
      await uplinks.setMode(name, mode);
      return uplinks.status().find((status) => status.name === name) ?? {};
    };
  return {
    uplinkNames: () => uplinks.names,
    uplinkActions: new Map([
      ["pause", to("paused")],
      ["resume", to("flowing")],
      ["drain", to("draining")],
      [
        "cap",
        async (name, body) => {
          await uplinks.setCap(name, body);
          return uplinks.status().find((status) => status.name === name) ?? {};
        },
      ],
      ["inspect", async (name) => ({ positions: uplinks.inspect(name) })],
      ["rewind", (name, body) => uplinks.rewind(name, body)],
    ]),
    endSession: async (clientId) => (await mqtt?.endSession(clientId)) === true,
  };
}
