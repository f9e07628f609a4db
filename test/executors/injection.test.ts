// Proves that no value from outside is executed or altered on its way into a process, a file name or a shell, here or over SSH.
import { existsSync, mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { ExecutorError } from "../../src/executors/executor.ts";
import type { Executors } from "../../src/executors/executors.ts";
import { scriptArgv } from "../../src/executors/scripts.ts";
import type { Host } from "../../src/hosts/host.ts";
import {
  HOSTILE_VARIABLE_NAMES,
  type InjectionValue,
  injectionCorpus,
  OVERLONG_VALUE,
} from "../support/injection-corpus.ts";
import { sshdAbsence } from "../support/sshd.ts";
import { command, Recorder, runOptions } from "./fixtures.ts";
import { absenceOf, openTransports, type TestTransport, TRANSPORTS, type Transports } from "./transports.ts";

if (sshdAbsence !== null) console.warn(`SKIPPED injection over SSH: ${sshdAbsence}`);

const folder = realpathSync(mkdtempSync(join(tmpdir(), "nightshift-injection-")));
const canary = join(folder, "canary");
const corpus = injectionCorpus(canary);

/** A login shell is asked to run a text by `-c`; this makes another one of it than the user has. */
const LOGIN_SHELLS = ["sh", "dash", "bash"] as const;
type LoginShell = (typeof LOGIN_SHELLS)[number];

function forced(shell: LoginShell): string[] {
  return [`ForceCommand exec /bin/${shell} -c "$SSH_ORIGINAL_COMMAND"`];
}

/** Where values go, and by which login shell; null for none. */
const WAYS = TRANSPORTS.flatMap((transport): readonly (readonly [TestTransport, LoginShell | null])[] =>
  transport === "local"
    ? [[transport, null] as const]
    : LOGIN_SHELLS.map((shell) => [transport, shell] as const),
);

const opened = new Map<LoginShell, Transports>();
beforeAll(async () => {
  for (const shell of LOGIN_SHELLS)
    opened.set(shell, await openTransports(folder, { readable: [`${folder}/**`] }, forced(shell)));
});
afterAll(async () => {
  await Promise.all([...opened.values()].map((transports) => transports.close()));
  rmSync(folder, { recursive: true });
});

const values = corpus.map(({ value }) => value);
const asVariables = Object.fromEntries(values.map((value, index) => [`VALUE_${index}`, value]));

describe.each(WAYS)("on %s, login shell %s", (transport, shell) => {
  const isSkipped = absenceOf(transport) !== null;
  let sinks = 0;
  let executors: Executors;
  let hosts: Readonly<Record<TestTransport, Host>>;
  beforeAll(() => {
    const transports = opened.get(shell ?? "sh");
    if (transports === undefined) throw new Error("nothing was opened");
    ({ executors, hosts } = transports);
  });

  async function run(what: ReturnType<typeof command>): Promise<string> {
    const output = new Recorder();
    const host = hosts[transport];
    const result = await executors.forHost(host).run(host, what, runOptions(output));
    expect(output.text("stderr")).toBe("");
    expect(result).toEqual({ kind: "exited", exitCode: 0 });
    return output.text();
  }

  describe.skipIf(isSkipped)("a value stays a value", () => {
    afterEach(() => {
      sinks += 1;
      if (existsSync(canary)) throw new Error("a value was executed");
    });

    test("as arguments of a program", async () => {
      expect((await run(command(["printf", "%s\\0", ...values]))).split("\0").slice(0, -1)).toEqual(values);
    });

    test("as arguments of a shell script", async () => {
      const script = `for value do printf '%s\\0' "$value"; done`;
      expect((await run(command(["sh", "-c", script, "sh", ...values]))).split("\0").slice(0, -1)).toEqual(
        values,
      );
    });

    test("as environment variables", async () => {
      const seen = (await run(command(["env", "-0"], { env: asVariables }))).split("\0");
      expect(seen.filter((line) => line.startsWith("VALUE_")).sort()).toEqual(
        Object.entries(asVariables)
          .map(([name, value]) => `${name}=${value}`)
          .sort(),
      );
    });

    test("as environment variables of a script", async () => {
      const script = values.map((_, index) => `printf '%s\\0' "$VALUE_${index}"`).join("\n");
      const seen = await run(command(scriptArgv("sh", script), { env: asVariables }));
      expect(seen.split("\0").slice(0, -1)).toEqual(values);
    });

    test("on stdin, one by one", async () => {
      const seen: string[] = [];
      const left = [...values.entries()];
      const work = async () => {
        for (let next = left.shift(); next !== undefined; next = left.shift())
          seen[next[0]] = await run(command(["cat"], { stdin: next[1] }));
      };
      await Promise.all(Array.from({ length: 8 }, work));
      expect(seen).toEqual(values);
    });

    test("as the name of the folder to run in", async () => {
      for (const { value } of corpus.filter(canBeName).slice(0, 12)) {
        const path = join(folder, "folders", value);
        mkdirSync(path, { recursive: true });
        expect(await run(command(["pwd", "-P"], { cwd: path }))).toBe(`${path}\n`);
      }
    });

    test("as the name of a gathered file, and as a path asked for", async () => {
      const root = mkdtempSync(join(folder, "files-"));
      const names = corpus.filter(canBeName);
      for (const { value } of names) writeFileSync(join(root, value), `of ${value}`);
      const asked = names.map(({ value }) => `${root}/${value}`);
      for (const paths of [[`${root}/*`], asked]) {
        const files = new Map<string, string>();
        const host = hosts[transport];
        await executors.forHost(host).collect(
          host,
          {
            paths,
            changedSinceMs: null,
            filesMax: 500,
            fileBytesMax: 9_999,
            totalBytesMax: 1e6,
            onTooBig: "tail",
          },
          {
            timeoutMs: 15_000,
            signal: new AbortController().signal,
            onProblem: (problem) => {
              throw new Error(JSON.stringify(problem));
            },
            onFile: async ({ path, content }) => {
              const chunks: Uint8Array[] = [];
              for await (const chunk of content) chunks.push(chunk);
              files.set(path, Buffer.concat(chunks).toString("utf8"));
            },
          },
        );
        expect(files).toEqual(new Map(names.map(({ value }) => [join(root, value), `of ${value}`])));
      }
    });

    test("too long: refused, never cut", async () => {
      const host = hosts[transport];
      for (const what of [
        command(["true", OVERLONG_VALUE]),
        command(["true"], { env: { A: OVERLONG_VALUE } }),
      ]) {
        const task = executors.forHost(host).run(host, what, runOptions(new Recorder()));
        await expect(task).rejects.toMatchObject({ code: "argument-too-long" });
      }
      expect(await run(command(["cat"], { stdin: OVERLONG_VALUE }))).toBe(OVERLONG_VALUE);
    });

    test("as the name of a variable: refused", async () => {
      const host = hosts[transport];
      for (const name of HOSTILE_VARIABLE_NAMES) {
        const task = executors
          .forHost(host)
          .run(host, command(["true"], { env: { [name]: `touch ${canary}` } }), runOptions(new Recorder()));
        await expect(task).rejects.toBeInstanceOf(ExecutorError);
      }
    });
  });

  test.skipIf(isSkipped)("the sum of it, and a shell string made by hand does fire the canary", async () => {
    expect(existsSync(canary)).toBe(false);
    const host = hosts[transport];
    let fired = 0;
    for (const { value } of corpus.slice(0, 10)) {
      const unsafe = command(["sh", "-c", `echo ${value}`]);
      await executors.forHost(host).run(host, unsafe, runOptions(new Recorder()));
      if (existsSync(canary)) fired += 1;
      rmSync(canary, { force: true });
    }
    expect(fired).toBeGreaterThanOrEqual(5);
    console.log(
      `PROMISE S1 transport=${transport} shell=${shell ?? "none"} values=${values.length} sinks=${sinks} canaries=0 ok`,
    );
  });
});

/** What a file of Linux can be called, and what stands for itself in a glob. */
function canBeName({ value }: InjectionValue): boolean {
  const isName =
    value !== "" &&
    value !== "." &&
    value !== ".." &&
    !/[/\0]/.test(value) &&
    Buffer.byteLength(value) <= 255;
  return isName && !/[*?[]/.test(value) && !value.startsWith(canary);
}
