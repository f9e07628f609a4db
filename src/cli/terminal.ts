import { createInterface } from "node:readline/promises";
import { Writable } from "node:stream";

/** The person before the screen. */
export interface Terminal {
  /** What is typed, without the line's end. An empty text where the person ends the input. */
  ask(question: string): Promise<string>;
  /** The same, and nothing of it is shown. */
  askHidden(question: string): Promise<string>;
}

/** Null where nobody sits: a script, a pipe. Questions go to stderr, since stdout is for data. */
export function terminalOfProcess(): Terminal | null {
  const { stdin, stderr } = process;
  if (!stdin.isTTY || !stderr.isTTY) return null;
  return {
    ask: (question) => readLine(stderr, question),
    async askHidden(question) {
      const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() });
      // The terminal itself shows nothing any more by then.
      const answer = readLine(nowhere, "");
      stderr.write(question);
      const text = await answer;
      stderr.write("\n");
      return text;
    },
  };
}

async function readLine(output: NodeJS.WritableStream, question: string): Promise<string> {
  const lines = createInterface({ input: process.stdin, output, terminal: true });
  const ended = new AbortController();
  lines.once("close", () => ended.abort());
  lines.once("SIGINT", () => {
    lines.close();
    // As everywhere else where nobody listens: the program ends.
    process.kill(process.pid, "SIGINT");
  });
  try {
    return await lines.question(question, { signal: ended.signal });
  } catch (error) {
    if (ended.signal.aborted) return "";
    throw error;
  } finally {
    lines.close();
  }
}
