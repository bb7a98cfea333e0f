import { bundleConsole } from "../../gateway/console/bundle.ts" with { type: "macro" };
import type { ConsoleFile } from "../../gateway/console/bundle.ts";

/** The console's files: a constant of the binary, and bundled when this module is loaded where there is none. */
export const CONSOLE_FILES: readonly ConsoleFile[] = bundleConsole();
