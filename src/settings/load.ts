import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { promisify } from "node:util";
import { compileMapping, MappingError } from "../alerts/mapping.ts";
import { ExpressionError } from "../expressions/cel.ts";
import { expressionProblem } from "../expressions/expression-problem.ts";
import type { FileProblem } from "../platform/problems.ts";
import type { SecretReaders } from "../platform/secrets.ts";
import { YamlFile } from "../platform/yaml.ts";
import { processLimitsProblem } from "../executors/process-limits.ts";
import { CLEAN_PATH } from "../executors/clean-environment.ts";
import { stepLimits } from "./limits.ts";
import { isLoopback, type ListenAddress, parseListenAddress, urlOfListenAddress } from "./listen.ts";
import { checkNotices } from "./notice-checks.ts";
import { checkRedactPatterns } from "./redact-patterns.ts";
import { PLANNED_SETTINGS, type SettingsFile, settingsSchema, type SourceSettings } from "./schema.ts";

/** What the command line may say instead of the file. Null: the file decides. */
export interface SettingsFlags {
  readonly configFile: string | null;
  readonly listenAddress: string | null;
  readonly externalUrl: string | null;
  readonly storagePath: string | null;
}

export interface Settings extends Omit<SettingsFile, "web" | "storage"> {
  /** The file they came from, as given. */
  readonly file: string;
  /** What relative paths and globs in the file are relative to. */
  readonly folder: string;
  readonly listen: ListenAddress;
  /** Without a slash at its end. */
  readonly externalUrl: string;
  /** Absolute. */
  readonly storagePath: string;
  /** 0: no ballast. */
  readonly ballastBytes: number;
}

export type LoadedSettings =
  | { readonly ok: true; readonly settings: Settings; readonly problems: readonly FileProblem[] }
  | { readonly ok: false; readonly problems: readonly FileProblem[] };

/** The file used when none is named: `nightshift.yml` here, else the one shipped with the program. */
export function defaultSettingsFile(programFolder: string): string {
  return existsSync("nightshift.yml") ? "nightshift.yml" : resolve(programFolder, "nightshift.yml");
}

/** Reads and checks the settings; reads no secrets, so that `check` needs none. */
export async function loadSettings(flags: SettingsFlags, programFolder: string): Promise<LoadedSettings> {
  const file = flags.configFile ?? defaultSettingsFile(programFolder);
  const problems: FileProblem[] = [];
  const text = await readFile(file, "utf8").catch((error: Error) => error);
  if (text instanceof Error) {
    const message = `the settings could not be read: ${text.message}`;
    return {
      ok: false,
      problems: [
        {
          file,
          line: 1,
          column: 1,
          length: 1,
          severity: "error",
          code: "unreadable",
          message,
          sourceLine: "",
        },
      ],
    };
  }
  const yaml = YamlFile.parse(file, text, problems);
  // An empty file is all defaults.
  const parsed =
    yaml?.value === null
      ? settingsSchema.parse({})
      : yaml?.validate(settingsSchema, problems, (path) => PLANNED_SETTINGS.has(String(path.at(-1))));
  if (yaml === undefined || parsed === undefined) return { ok: false, problems };
  const settings = applyFlags(parsed, flags, file);
  problems.push(...checkTogether(yaml, parsed, settings));
  return problems.some((problem) => problem.severity === "error")
    ? { ok: false, problems }
    : { ok: true, settings, problems };
}

function applyFlags(parsed: SettingsFile, flags: SettingsFlags, file: string): Settings {
  const { web, storage, ...rest } = parsed;
  const listen = parseListenAddress(flags.listenAddress ?? web.listen);
  if (listen === undefined)
    throw new Error(
      `--web.listen-address=${String(flags.listenAddress)}: write it like 127.0.0.1:9095 or :9095`,
    );
  const folder = dirname(resolve(file));
  return {
    ...rest,
    file,
    folder,
    listen,
    externalUrl: (flags.externalUrl ?? web.external_url ?? urlOfListenAddress(listen)).replace(/\/+$/, ""),
    // Data belongs to where the service is started, settings may lie in a folder that cannot be written.
    storagePath: resolve(flags.storagePath ?? storage.path),
    ballastBytes: storage.ballast,
  };
}

function checkTogether(yaml: YamlFile, parsed: SettingsFile, settings: Settings): FileProblem[] {
  const problems: FileProblem[] = [];
  const open = parsed.sources.find((source) => source.auth === undefined || source.auth.kind === "none");
  const isOpen = open !== undefined || parsed.login === undefined;
  if (isOpen && !isLoopback(settings.listen) && !parsed.web.insecure) {
    const what = open === undefined ? "no login is configured" : `source ${open.name} has no auth`;
    const message = `listening on ${settings.listen.host || "every address"} while ${what} lets anyone who can connect act here; configure login and auth (docs/access.md), listen on 127.0.0.1, or set web.insecure: true`;
    problems.push(yaml.problem(["web", "listen"], "insecure-listen", message));
  }
  for (const [index, source] of parsed.sources.entries()) {
    const mapProblem = checkMap(yaml, index, source);
    if (mapProblem !== undefined) problems.push(mapProblem);
    if (parsed.sources.findIndex((other) => other.name === source.name) === index) continue;
    problems.push(
      yaml.problem(
        ["sources", index, "name"],
        "duplicate-name",
        `there are two sources named ${source.name}`,
      ),
    );
  }
  problems.push(...checkRedactPatterns(yaml, parsed.redact), ...checkNotices(yaml, parsed));
  const limitsProblem = processLimitsProblem(stepLimits(settings), CLEAN_PATH);
  if (limitsProblem !== null)
    problems.push(
      yaml.problem(["limits", "step"], "missing-program", limitsProblem, { severity: "warning" }),
    );
  return problems;
}

/** An expression of a generic source's `map` that does not compile. */
function checkMap(yaml: YamlFile, index: number, source: SourceSettings): FileProblem | undefined {
  if (source.map === undefined) return undefined;
  try {
    compileMapping(source.map);
    return undefined;
  } catch (error) {
    if (!(error instanceof MappingError && error.cause instanceof ExpressionError)) throw error;
    return expressionProblem(yaml, ["sources", index, "map", error.key], error.cause);
  }
}

const SECRET_COMMAND_TIMEOUT_MS = 10_000;

/** How secrets are read: the only place that reads the environment. Relative files are relative to the settings. */
export function createSecretReaders(folder: string): SecretReaders {
  return {
    env: process.env,
    readFile: (path) => readFile(resolve(folder, path), "utf8"),
    async runCommand([program, ...args]) {
      const { stdout } = await promisify(execFile)(program, args, {
        timeout: SECRET_COMMAND_TIMEOUT_MS,
        cwd: folder,
      });
      return stdout;
    },
  };
}

/** The variables of the environment that the program itself knows. */
export function readEnvironment(): {
  readonly killPoint: string | undefined;
  /** The server that commands talk to. */
  readonly serverUrl: string | undefined;
  /** What commands show to the server. */
  readonly serverToken: string | undefined;
  /** Where a person's own settings lie, and their home. */
  readonly configHome: string | undefined;
  readonly home: string | undefined;
  /** Where the SSH agent listens, for hosts with `agent: true`. */
  readonly agentSocket: string | undefined;
} {
  const {
    NIGHTSHIFT_KILLPOINT: killPoint,
    NIGHTSHIFT_URL: serverUrl,
    NIGHTSHIFT_TOKEN: token,
    SSH_AUTH_SOCK: socket,
    XDG_CONFIG_HOME: configHome,
    HOME: home,
  } = process.env;
  return {
    configHome: configHome === "" ? undefined : configHome,
    home: home === "" ? undefined : home,
    killPoint,
    serverToken: token === undefined || token.trim() === "" ? undefined : token.trim(),
    serverUrl: serverUrl === "" ? undefined : serverUrl,
    agentSocket: socket === "" ? undefined : socket,
  };
}
