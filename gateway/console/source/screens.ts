import type { ComponentType } from "preact";
import type { Role } from "./api/types.ts";
import { Devices } from "./screens/devices.tsx";
import { Overview } from "./screens/overview.tsx";
import { Topics } from "./screens/topics.tsx";
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
  /** Shown only by a gateway that says it has this path. */
  readonly path?: string;
}

/** All screens, in the order of the menu. */
export const SCREENS: readonly Screen[] = [
  { id: "overview", title: "Overview", icon: "overview", group: "", View: Overview, role: "viewer" },
  { id: "devices", title: "Devices", icon: "devices", group: "", View: Devices, role: "viewer" },
  { id: "topics", title: "Topics", icon: "topics", group: "", View: Topics, role: "viewer" },
];
