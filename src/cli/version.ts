import { arch, platform } from "node:os";
import type { Command } from "./command.ts";
import { EXIT } from "./exit-codes.ts";

export const versionCommand: Command = {
  name: "version",
  summary: "Say which version this is",
  run: async (input, world) => {
    const { version } = world;
    const build = { version, bun: Bun.version, platform: platform(), arch: arch() };
    world.out(
      input.json
        ? `${JSON.stringify(build)}\n`
        : `headwater ${version} (bun ${build.bun}, ${build.platform} ${build.arch})\n`,
    );
    return EXIT.ok;
  },
};
