import type { ComponentType } from "preact";
import type { Role } from "./api/types.ts";
import { Access } from "./screens/access.tsx";
import { Audit } from "./screens/audit.tsx";
import { ClockScreen } from "./screens/clock.tsx";
import { Config } from "./screens/config.tsx";
import { ConnectionsScreen } from "./screens/connections.tsx";
import { Devices } from "./screens/devices.tsx";
import { Groups } from "./screens/groups.tsx";
import { Overview } from "./screens/overview.tsx";
import { Queues } from "./screens/queues.tsx";
import { Records } from "./screens/records.tsx";
import { StorageScreen } from "./screens/storage.tsx";
import { Topics } from "./screens/topics.tsx";
import { Uplinks } from "./screens/uplinks.tsx";
import type { IconName } from "./ui/icon.tsx";

export interface ScreenProps {
  /** What follows the screen's name in the address. */
  readonly parts: readonly string[];
  readonly query: URLSearchParams;
}

export interface Screen {
  readonly id: string;
  readonly title: string;
  readonly icon: IconName;
  readonly group: "" | "Flow" | "Machine" | "Administration";
  readonly View: ComponentType<ScreenProps>;
  /** Who sees it. */
  readonly role: Role;
  /** Shown where the gateway has this operation. */
  readonly operation?: string;
}

/** All screens, in the order of the menu. */
export const SCREENS: readonly Screen[] = [
  { id: "overview", title: "Overview", icon: "overview", group: "", View: Overview, role: "viewer" },
  { id: "devices", title: "Devices", icon: "devices", group: "", View: Devices, role: "viewer" },
  { id: "topics", title: "Topics", icon: "topics", group: "", View: Topics, role: "viewer" },
  {
    ...{ id: "records", title: "Records", icon: "records", group: "", View: Records, role: "viewer" },
    operation: "GET /api/topics/{topic}/records",
  },
  {
    ...{ id: "uplinks", title: "Uplinks", icon: "uplinks", group: "Flow", View: Uplinks, role: "viewer" },
    operation: "GET /api/uplinks",
  },
  {
    ...{ id: "groups", title: "Groups", icon: "groups", group: "Flow", View: Groups, role: "viewer" },
    operation: "GET /api/groups",
  },
  {
    ...{ id: "queues", title: "Queues", icon: "queues", group: "Flow", View: Queues, role: "viewer" },
    operation: "GET /api/share-groups",
  },
  {
    ...{
      id: "connections",
      title: "Connections",
      icon: "connections",
      group: "Flow",
      View: ConnectionsScreen,
    },
    ...{ role: "viewer", operation: "GET /api/connections" },
  },
  {
    ...{ id: "storage", title: "Storage", icon: "storage", group: "Machine", View: StorageScreen },
    ...{ role: "viewer", operation: "GET /api/storage" },
  },
  {
    ...{ id: "clock", title: "Clock", icon: "clock", group: "Machine", View: ClockScreen, role: "viewer" },
    operation: "GET /api/clock",
  },
  {
    ...{ id: "config", title: "Settings", icon: "config", group: "Administration", View: Config },
    ...{ role: "operator", operation: "GET /api/config" },
  },
  {
    ...{
      id: "access",
      title: "Access",
      icon: "access",
      group: "Administration",
      View: Access,
      role: "admin",
    },
    operation: "GET /api/users",
  },
  {
    ...{ id: "audit", title: "Audit", icon: "audit", group: "Administration", View: Audit, role: "operator" },
    operation: "GET /api/audit",
  },
];
