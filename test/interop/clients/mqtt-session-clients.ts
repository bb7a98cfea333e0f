import { mosquitto } from "./mosquitto-session.ts";
import { hiveMq, pahoGo, pahoPython } from "./mqtt-drivers.ts";
import type { MqttSessionClient } from "./mqtt-session.ts";
import { mqttjs } from "./mqttjs-session.ts";

/** Every client that keeps a session open, in both versions. */
export const MQTT_SESSION_CLIENTS: readonly MqttSessionClient[] = [
  mosquitto("3.1.1"),
  mosquitto("5"),
  pahoPython("3.1.1"),
  pahoPython("5"),
  mqttjs("3.1.1"),
  mqttjs("5"),
  pahoGo("3.1.1"),
  pahoGo("5"),
  hiveMq("3.1.1"),
  hiveMq("5"),
];
