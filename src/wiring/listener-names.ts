import type { Settings } from "../config/options.ts";
import type { ListenerNames } from "../metrics/listener-metrics.ts";

const COUNTED = ["kafka", "kafka.tls", "mqtt", "mqtt.tls", "mqtt.websocket", "mqtt.websocket.tls"] as const;
const HTTP = ["http", "http.tls"] as const;

/** The listeners that the settings open, by the names that `ListenOptions` has for them. */
export function listenerNames(settings: Settings): ListenerNames {
  const isOpen = (name: (typeof COUNTED)[number] | (typeof HTTP)[number]) =>
    settings[`${name}.listen`] !== "off";
  const counted = COUNTED.filter(isOpen);
  return { counted, secure: counted.filter((name) => name.endsWith(".tls")), http: HTTP.filter(isOpen) };
}
