import type { Script } from "../session.ts";

const GROUP = 0;
const TRANSACTION = 1;
const SHARE = 2;
const ID = "AAAAAAAAAAAAAAAAAAAAAQ";
const KEYS = ["g", "", `g:${ID}:0`, `a:b:${ID}:0`, `:${ID}:0`, "g:x:0", `g:${ID}:x`, `g:${ID}:-1`];

/** Who coordinates what, and what is no key. */
export const coordinators: Script = async (session) => {
  for (const [keyType, key] of [
    [GROUP, "g"],
    [TRANSACTION, "t"],
    [SHARE, `g:${ID}:0`],
  ] as const) {
    const said = { keyType, coordinatorKeys: [key] };
    await session.until(
      "FindCoordinator",
      6,
      said,
      (answer) => answer.entry("coordinators").number("errorCode") !== 15,
    );
  }
  for (const keyType of [GROUP, TRANSACTION, SHARE, 3, -1]) {
    for (const key of KEYS) {
      await session.ask(`type ${keyType} '${key}'`, "FindCoordinator", 6, {
        keyType,
        coordinatorKeys: [key],
      });
    }
  }
  for (const version of [0, 1, 2, 3]) {
    const type = version >= 1 ? { keyType: GROUP } : {};
    await session.ask("one group", "FindCoordinator", version, { key: "g", ...type });
  }
  await session.ask("a share group in an old version", "FindCoordinator", 3, { key: "x", keyType: SHARE });
  await session.ask("a share group in an old version", "FindCoordinator", 5, {
    keyType: SHARE,
    coordinatorKeys: [`g:${ID}:0`],
  });
  await session.ask("several", "FindCoordinator", 4, { keyType: GROUP, coordinatorKeys: ["a", "b", "a"] });
  await session.ask("none", "FindCoordinator", 4, { keyType: GROUP, coordinatorKeys: [] });
};
