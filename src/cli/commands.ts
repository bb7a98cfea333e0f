import { aclCommand } from "./acl.ts";
import { auditCommand } from "./audit.ts";
import { backupCommand } from "./backup.ts";
import { bridgeCommand } from "./bridge.ts";
import { certificateCommand } from "./certificate.ts";
import type { Command } from "./command.ts";
import { configCommand } from "./config.ts";
import { consumeCommand } from "./consume.ts";
import { deadLetterCommand } from "./dead-letter.ts";
import { deviceCommand } from "./device.ts";
import { doctorCommand } from "./doctor.ts";
import { encryptionCommand } from "./encryption.ts";
import { enrolCommand } from "./enrol.ts";
import { enrolmentCommand } from "./enrolment.ts";
import { eraseCommand } from "./erase.ts";
import { groupCommand } from "./group.ts";
import { initCommand } from "./init.ts";
import { loginCommand, logoutCommand } from "./login.ts";
import { mergeCheckCommand } from "./merge-check.ts";
import { produceCommand } from "./produce.ts";
import { repairCommand } from "./repair.ts";
import { replayCommand } from "./replay.ts";
import { restoreCommand } from "./restore.ts";
import { selfTestCommand } from "./self-test.ts";
import { serveCommand } from "./serve.ts";
import { sessionCommand } from "./session.ts";
import { supportBundleCommand } from "./support-bundle.ts";
import { topCommand } from "./top.ts";
import { topicCommand } from "./topic.ts";
import { updateCommand } from "./update.ts";
import { uplinkCommand } from "./uplink.ts";
import { userCommand } from "./user.ts";
import { verifyCommand } from "./verify.ts";
import { versionCommand } from "./version.ts";

/** The program with all its commands, in the order of its help. Loaded for any of them but `serve`. */
export function allCommands(program: string): Command {
  return {
    name: program,
    summary: "An event broker for the edge: MQTT and Kafka over durable logs, carried on exactly once",
    commands: [
      serveCommand,
      initCommand,
      enrolCommand,
      certificateCommand,
      enrolmentCommand,
      topicCommand,
      produceCommand,
      consumeCommand,
      groupCommand,
      deadLetterCommand,
      replayCommand,
      deviceCommand,
      mergeCheckCommand,
      uplinkCommand,
      userCommand,
      aclCommand,
      auditCommand,
      loginCommand,
      logoutCommand,
      sessionCommand,
      bridgeCommand,
      topCommand,
      doctorCommand,
      supportBundleCommand,
      verifyCommand,
      repairCommand,
      backupCommand,
      restoreCommand,
      encryptionCommand,
      eraseCommand,
      updateCommand,
      selfTestCommand,
      configCommand,
      versionCommand,
    ],
    examples: [
      ["headwater serve --data /var/lib/headwater", "run a gateway"],
      ["headwater consume telemetry --from earliest", "see what it holds"],
    ],
  };
}
