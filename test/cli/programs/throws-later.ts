/** A gateway with a bug, as `main.ts` would run it: something throws while the command is still going on. */
import { runCli } from "../../../src/cli/cli.ts";
import { processWorld } from "../../../src/cli/process-world.ts";

const runBroker = async () => {
  if (process.env.BUG === "rejection") void Promise.reject(new Error("nobody waits for this"));
  else setTimeout(() => assertSomething(), 1);
  return {
    addresses: {},
    stop: async () => {},
    reload: () => ({ live: [], restart: [], unused: [] }),
    failed: new Promise<Error>(() => {}),
  };
};

function assertSomething(): never {
  throw new Error("an invariant is broken");
}

const dataWork = () => Promise.reject(new Error("nobody asks for it"));
const world = processWorld("test", runBroker, dataWork);
process.exit(await runCli(["serve", "--set", "log.format=json"], world));
