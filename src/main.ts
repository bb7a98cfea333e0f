import packageJson from "../package.json" with { type: "json" };
import { runCli } from "./cli/cli.ts";
import { processWorld } from "./cli/process-world.ts";
import { openSupervisor } from "./io/bun/supervisor.ts";
import { brokerRunner } from "./wiring/run-broker.ts";

declare const HEADWATER_VERSION: string | undefined;
declare const HEADWATER_COMMIT: string | undefined;
/** Seconds since 1970 of that commit. */
declare const HEADWATER_COMMITTED: number | undefined;

/** A build says which commit it is of; a checkout has its package's version. */
const version =
  typeof HEADWATER_VERSION === "undefined" || typeof HEADWATER_COMMIT === "undefined"
    ? `${packageJson.version}-checkout`
    : `${HEADWATER_VERSION}+${HEADWATER_COMMIT}`;

const builtMs = typeof HEADWATER_COMMITTED === "undefined" ? undefined : HEADWATER_COMMITTED * 1000;
const runBroker = brokerRunner({
  version,
  env: process.env,
  supervisor: openSupervisor(process.env),
  ...(builtMs === undefined ? {} : { builtMs }),
});
/** Only few commands need it. */
const dataWork = async () => (await import("./wiring/data-work.ts")).DATA_WORK;
process.exit(await runCli(process.argv.slice(2), processWorld(version, runBroker, dataWork, builtMs)));
