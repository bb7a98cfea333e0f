import type { ClockPage } from "../api/types.ts";
import { useApi } from "../api/use-api.ts";
import { ago, duration, time } from "../format.ts";
import { Card, Facts, Grid, Page, Stat } from "../ui/page.tsx";
import { Empty, Show } from "../ui/states.tsx";

const EVERY_MS = 5_000;
/** Beyond it, one of the two clocks is wrong. */
const NOTABLE_MS = 5_000;

/** What is known of the gateway's clock: records are stamped by it. */
export function ClockScreen() {
  const clock = useApi<ClockPage>("/api/clock", EVERY_MS);
  return (
    <Page title="Clock" about="Records are stamped by it, and deleted by age.">
      <Show loaded={clock} what="the clock">
        {(data) => (
          <>
            <Grid>
              <Stat
                label="It shows"
                value={time(data.nowMs).slice(11)}
                note={time(data.nowMs).slice(0, 10)}
              />
              <Beside nowMs={data.nowMs} />
              {data.clock && (
                <Stat
                  label="It is"
                  value={data.clock.quality}
                  tone={data.clock.known ? "good" : "warn"}
                  note={
                    data.clock.known
                      ? "times of records are believed"
                      : "times are put right once it is known"
                  }
                />
              )}
            </Grid>
            {data.clock === null ? (
              <Empty title="Nobody watches it" />
            ) : (
              <Card title="Since the start">
                <Facts
                  facts={[
                    ["Set", data.clock.steps === 0 ? "never" : `${data.clock.steps} times`],
                    ["Last by", data.clock.lastStepMs === null ? "not set" : duration(data.clock.lastStepMs)],
                    [
                      "As it goes now",
                      data.clock.sinceMs === null
                        ? "not known since when"
                        : `since ${time(data.clock.sinceMs)}`,
                    ],
                    ["Run of the machine", <code key="boot">{data.clock.boot}</code>],
                  ]}
                />
              </Card>
            )}
          </>
        )}
      </Show>
    </Page>
  );
}

/** The same moment by the clock of who looks. */
function Beside({ nowMs }: { readonly nowMs: number }) {
  const offMs = nowMs - Date.now();
  const isOff = Math.abs(offMs) > NOTABLE_MS;
  const note = offMs > 0 ? "ahead of this browser" : "behind this browser";
  return (
    <Stat
      label="Beside this browser"
      value={isOff ? duration(Math.abs(offMs)) : "the same"}
      tone={isOff ? "warn" : "plain"}
      note={isOff ? note : `seen ${ago(0)}`}
    />
  );
}
