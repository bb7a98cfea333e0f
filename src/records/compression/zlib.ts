let engine: typeof import("node:zlib") | null = null;

/** The engine's module for compression, loaded with the first batch that needs it: it takes 4 MB. */
export function zlib(): typeof import("node:zlib") {
  engine ??= require("node:zlib") as typeof import("node:zlib");
  return engine;
}
