import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { freePort } from "../outbound/free-port.ts";
import { PROGRAM_FOLDER } from "../support/service.ts";
import { startSshd } from "../support/sshd.ts";
import { waitFor } from "../support/wait.ts";
import { configurationFiles, type Places, WEB_SERVICE } from "./configuration.ts";
import { type People, startPeople, startVisitors } from "./people.ts";
import { endProcess, isAlive, type ProgramOptions, type RunningProgram, startProgram } from "./programs.ts";

/** A web service with visitors, its monitoring, and Nightshift: real processes on loopback. */
export interface Stack {
  readonly places: Places;
  readonly people: People;
  /** The process id that the web service wrote down last. */
  webPid(): Promise<number>;
  /** What the programs have printed, for a test that failed. */
  logs(): Promise<string>;
  /** Ends every process and removes every file. */
  stop(): Promise<void>;
}

type Cleanup = () => Promise<void> | void;

/** Starts everything and waits until Prometheus has found its Alertmanager. What was started before a failure is ended. */
export async function startStack(): Promise<Stack> {
  const cleanups: Cleanup[] = [];
  const stop = async () => {
    const problems: unknown[] = [];
    for (const cleanup of cleanups.splice(0).toReversed()) {
      await Promise.resolve(cleanup()).catch((error: unknown) => problems.push(error));
    }
    if (problems.length > 0) throw new AggregateError(problems, "not everything could be ended");
  };
  try {
    return { ...(await startParts(cleanups)), stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function startParts(cleanups: Cleanup[]): Promise<Omit<Stack, "stop">> {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), "nightshift-e2e-")));
  cleanups.push(() => rmSync(folder, { recursive: true, force: true }));
  const sshd = await startSshd();
  cleanups.push(() => sshd.close());
  const people = await startPeople();
  cleanups.push(() => people.close());
  const places = await choosePlaces(folder, people.url);
  writeFiles(folder, configurationFiles(places, sshd));
  const webPid = async () => Number(await readFile(join(places.webFolder, "web.pid"), "utf8"));
  // The one that a restart has started is nobody's child.
  cleanups.push(async () => endIfAlive(await webPid().catch(() => null)));
  const programs = await startPrograms(programsOf(places), cleanups);
  await waitFor("Prometheus to find its Alertmanager", () => hasAlertmanager(places.prometheusUrl), 20_000);
  cleanups.push(startVisitors(places.webUrl));
  const logs = async () => {
    const texts = programs.map(async (program) => `== ${program.name}\n${await program.log()}`);
    return [...(await Promise.all(texts)), `== sshd\n${await sshd.log()}`].join("\n");
  };
  return { places, people, webPid, logs };
}

async function choosePlaces(folder: string, peopleUrl: string): Promise<Places> {
  const nextUrl = async () => `http://127.0.0.1:${await freePort()}`;
  return {
    folder,
    webFolder: join(folder, "web-1"),
    webUrl: await nextUrl(),
    nightshiftUrl: await nextUrl(),
    prometheusUrl: await nextUrl(),
    alertmanagerUrl: await nextUrl(),
    peopleUrl,
  };
}

function writeFiles(folder: string, files: Readonly<Record<string, string>>): void {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
}

function programsOf(places: Places): ProgramOptions[] {
  const { folder, webFolder, webUrl, nightshiftUrl, prometheusUrl, alertmanagerUrl } = places;
  const listen = (url: string) => `--web.listen-address=${new URL(url).host}`;
  const common = (name: string) => ({ name, folder, logFile: join(folder, `${name}.log`) });
  return [
    {
      ...common("web"),
      argv: [process.execPath, WEB_SERVICE, webFolder, new URL(webUrl).port],
      readyUrl: `${webUrl}/healthz`,
    },
    {
      ...common("nightshift"),
      argv: [
        ...([process.execPath, join(PROGRAM_FOLDER, "src/main.ts"), "serve"] as const),
        `--config.file=${folder}/nightshift.yml`,
        listen(nightshiftUrl),
        `--storage.path=${folder}/data`,
        "--log.level=debug",
      ],
      readyUrl: `${nightshiftUrl}/-/ready`,
    },
    {
      ...common("alertmanager"),
      argv: [
        "prometheus-alertmanager",
        `--config.file=${folder}/alertmanager.yml`,
        `--storage.path=${folder}/alertmanager`,
        listen(alertmanagerUrl),
        // Alone, without a cluster.
        "--cluster.listen-address=",
      ],
      readyUrl: `${alertmanagerUrl}/-/ready`,
    },
    {
      ...common("prometheus"),
      argv: [
        "prometheus",
        `--config.file=${folder}/prometheus.yml`,
        `--storage.tsdb.path=${folder}/prometheus`,
        listen(prometheusUrl),
        // An alert that could not be sent is tried again only after this; a minute unless said.
        "--rules.alert.resend-delay=2s",
      ],
      readyUrl: `${prometheusUrl}/-/ready`,
    },
  ];
}

/** Starts all of them at once; when one fails, the others are still among the cleanups. */
async function startPrograms(
  programs: readonly ProgramOptions[],
  cleanups: Cleanup[],
): Promise<RunningProgram[]> {
  const started = await Promise.allSettled(
    programs.map(async (options) => {
      const program = await startProgram(options);
      cleanups.push(() => program.stop());
      return program;
    }),
  );
  return started.map((result) => {
    if (result.status === "rejected") throw result.reason as Error;
    return result.value;
  });
}

async function hasAlertmanager(prometheusUrl: string): Promise<boolean> {
  const answer = await fetch(`${prometheusUrl}/api/v1/alertmanagers`);
  const { data } = (await answer.json()) as { data: { activeAlertmanagers: readonly unknown[] } };
  return data.activeAlertmanagers.length > 0;
}

async function endIfAlive(pid: number | null): Promise<void> {
  if (pid !== null && isAlive(pid)) await endProcess(pid);
}
