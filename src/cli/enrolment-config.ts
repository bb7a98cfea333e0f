import { HeadwaterError } from "../base/errors.ts";
import { loadSettings } from "../config/load.ts";
import { gatewayIdFromHost } from "../config/options.ts";
import { formatProblem } from "../config/problem.ts";
import { FOLDER_PLACEHOLDER } from "../enrolment/template.ts";
import { SERVICE_FOLDER } from "./init.ts";

/**
 * What a gateway does before it takes a configuration, done where it is made: `config` is a filled template. Throws
 * CONFIG_INVALID with all that is wrong.
 */
export function checkGatewayConfig(config: string, gateway: string): void {
  const text = config.replaceAll(FOLDER_PLACEHOLDER, `${SERVICE_FOLDER}/centre`);
  const file = { path: `the template, filled for ${gateway}`, text };
  const result = loadSettings({ file, env: {}, set: [], flags: new Map(), hostName: gateway });
  if (!result.ok) throw new HeadwaterError("CONFIG_INVALID", result.problems.map(formatProblem).join("\n"));
  const id = result.settings["gateway.id"];
  if (id === gateway || id === gatewayIdFromHost(gateway)) return;
  throw new HeadwaterError(
    "CONFIG_INVALID",
    `${file.path}: gateway.id is ${id}; write gateway.id = "{{gateway}}", or leave it out`,
  );
}
