import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";

const HERE = import.meta.dirname;
const CACHE = resolve(HERE, "../../.cache/interop");
const GO_BINARY = join(CACHE, "franz-go");
const VENV = join(CACHE, "venv");

export const PYTHON: string = join(VENV, "bin/python");
export const PYTHON_FOLDER: string = join(HERE, "python");
const ZEROCONF = join(CACHE, "zeroconf");
export const ZEROCONF_PYTHON: string = join(ZEROCONF, "bin/python");
export const ZEROCONF_FOLDER: string = join(HERE, "mdns");
export const FRANZ_GO: string = GO_BINARY;
export const PAHO_GO: string = join(CACHE, "paho-go");
const JAVA_MQTT_FOLDER = join(HERE, "java/mqtt");
const JAVA_MQTT = join(CACHE, "java-mqtt");
export const JAVA_MQTT_CLASSPATH: string = `${JAVA_MQTT}:${join(JAVA_MQTT, "*")}`;
export const FRANZ_GO_SECURE: string = `${GO_BINARY}-secure`;
export const FRANZ_GO_MEMBER: string = `${GO_BINARY}-member`;

/**
 * Why something can't be tried here, or null. In CI (environment variable CI) everything has to be there: then
 * this throws, so that no client is skipped unseen.
 */
export function required(reason: string | null): string | null {
  if (reason !== null && process.env.CI) throw new Error(`CI needs all clients: ${reason}`);
  return reason;
}

/** Looks for programs of the system, such as kcat. */
export function programsMissing(...names: readonly string[]): string | null {
  const missing = names.filter((name) => Bun.which(name) === null);
  return missing.length === 0 ? null : `${missing.join(", ")} not installed`;
}

/** Builds the Go driver into .cache, once for each state of its source. */
export function goDriverMissing(): string | null {
  return once("go", ["main.go", "go.mod", "go.sum"], join(HERE, "go"), () => {
    if (Bun.which("go") === null) return "go is not installed";
    return failure("go", ["build", "-o", GO_BINARY, "."], join(HERE, "go"));
  });
}

/** The same for the member of a group, a program of its own. */
export function goMemberMissing(): string | null {
  return once("go-member", ["main.go"], join(HERE, "go/member"), () => {
    if (Bun.which("go") === null) return "go is not installed";
    return failure("go", ["build", "-o", FRANZ_GO_MEMBER, "./member"], join(HERE, "go"));
  });
}

/** The same for the client over TLS and SASL. */
export function goSecureMissing(): string | null {
  return once("go-secure", ["main.go"], join(HERE, "go/secure"), () => {
    if (Bun.which("go") === null) return "go is not installed";
    return failure("go", ["build", "-o", FRANZ_GO_SECURE, "./secure"], join(HERE, "go"));
  });
}

/** Builds the driver of the MQTT clients in Go, the same way. */
export function goMqttMissing(): string | null {
  return once("go-mqtt", ["main.go"], join(HERE, "go/mqtt"), () => {
    if (Bun.which("go") === null) return "go is not installed";
    return failure("go", ["build", "-o", PAHO_GO, "./mqtt"], join(HERE, "go"));
  });
}

/** Has Maven copy the MQTT client in Java, and compiles the program that drives it. */
export function javaMqttMissing(): string | null {
  return once("java-mqtt", ["MqttDriver.java", "pom.xml"], JAVA_MQTT_FOLDER, () => {
    const absent = programsMissing("java", "javac", "mvn");
    if (absent !== null) return absent;
    const copy = ["dependency:copy-dependencies", `-DoutputDirectory=${JAVA_MQTT}`, "-DincludeScope=runtime"];
    const compile = ["-cp", join(JAVA_MQTT, "*"), "-d", JAVA_MQTT, "MqttDriver.java"];
    return (
      failure("mvn", ["-q", "-B", ...copy], JAVA_MQTT_FOLDER) ?? failure("javac", compile, JAVA_MQTT_FOLDER)
    );
  });
}

/** Installs the Python clients into a virtual environment in .cache, once for each state of the list. */
export function pythonClientsMissing(): string | null {
  return once("python", ["requirements.txt"], PYTHON_FOLDER, () => {
    if (Bun.which("python3") === null) return "python3 is not installed";
    const install = ["-m", "pip", "install", "--quiet", "--requirement", "requirements.txt"];
    return (
      failure("python3", ["-m", "venv", "--clear", VENV], PYTHON_FOLDER) ??
      failure(PYTHON, install, PYTHON_FOLDER)
    );
  });
}

/** Installs another implementation of multicast DNS, beside the clients and not among them: nothing of it is Kafka's. */
export function zeroconfMissing(): string | null {
  return once("zeroconf", ["requirements.txt"], ZEROCONF_FOLDER, () => {
    if (Bun.which("python3") === null) return "python3 is not installed";
    const install = ["-m", "pip", "install", "--quiet", "--requirement", "requirements.txt"];
    return (
      failure("python3", ["-m", "venv", "--clear", ZEROCONF], ZEROCONF_FOLDER) ??
      failure(ZEROCONF_PYTHON, install, ZEROCONF_FOLDER)
    );
  });
}

/** Does the work unless a stamp says that it is done for these very files. */
function once(
  name: string,
  files: readonly string[],
  folder: string,
  work: () => string | null,
): string | null {
  const stamp = join(CACHE, `${name}.stamp`);
  const present = readdirSync(folder);
  const wanted = files
    .filter((file) => present.includes(file))
    .map((file) => readFileSync(join(folder, file)));
  const hash = String(Bun.hash(Buffer.concat(wanted)));
  if (existsSync(stamp) && readFileSync(stamp, "utf8") === hash) return null;
  mkdirSync(CACHE, { recursive: true });
  const reason = work();
  if (reason === null) writeFileSync(stamp, hash);
  return reason;
}

function failure(command: string, args: readonly string[], cwd: string): string | null {
  const run = spawnSync(command, args, { cwd, encoding: "utf8" });
  if (run.status === 0) return null;
  const reason = run.stderr?.trim().split("\n").at(-1) ?? String(run.error);
  return `${command} ${args.join(" ")} failed: ${reason}`;
}
