import { startHeadwater } from "../../support/headwater.ts";
import { replayContract } from "./replay-contract.ts";
import { verifyContract } from "./verify-contract.ts";

const NAME = "another Headwater";

async function start(): Promise<{ bootstrap: string; stop(): Promise<void> }> {
  const headwater = await startHeadwater();
  return { bootstrap: headwater.kafka, stop: () => headwater.dispose() };
}

replayContract(NAME, start);
verifyContract(NAME, start);
