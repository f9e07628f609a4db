import type { Duplex } from "node:stream";
import type { Client } from "ssh2";
import type { Host } from "../hosts/host.ts";
import { ExecutorError } from "./executor.ts";
import { watchInterruption } from "./interruption.ts";
import type { OpenLimits } from "./ssh-job.ts";
import { describeServer, type Route } from "./ssh-route.ts";

/** RFC 4254: the jump host itself refused, or could not connect to, the machine behind it. */
const REASONS_OF_TARGET = new Set([1, 2]);

/**
 * Opens a stream to a host through the connection to a jump host. Throws {@link ExecutorError}: `host-unreachable` when
 * the jump host says that it cannot, `no-channel` when the jump host itself is the problem.
 */
export async function openForward(
  client: Client,
  jump: Route,
  { name, address, port }: Host,
  limits: OpenLimits,
): Promise<Duplex> {
  const server = describeServer(jump);
  const interruption = watchInterruption(limits.timeoutMs, limits.signal);
  try {
    return await new Promise<Duplex>((resolve, reject) => {
      let isLate = false;
      const refuse = (code: ExecutorError["code"], why: string, cause?: unknown) => {
        isLate = true;
        const message = `the jump host ${server} opened no connection to ${name} (${address} port ${port}): ${why}`;
        reject(new ExecutorError(code, message, { isRetryable: true, cause }));
      };
      void interruption.happened.then(() => refuse("no-channel", "no answer in time"));
      client.forwardOut("127.0.0.1", 0, address, port, (error, channel) => {
        if (error === undefined) {
          if (isLate) channel.destroy();
          else resolve(channel);
          return;
        }
        const reason = "reason" in error ? Number(error.reason) : Number.NaN;
        const advice = reason === 1 ? "; its sshd must allow forwarding (AllowTcpForwarding)" : "";
        refuse(
          REASONS_OF_TARGET.has(reason) ? "host-unreachable" : "no-channel",
          error.message + advice,
          error,
        );
      });
    });
  } catch (error) {
    if (error instanceof ExecutorError) throw error;
    throw new ExecutorError("no-channel", `the connection to the jump host ${server} is closed`, {
      isRetryable: true,
      cause: error,
    });
  } finally {
    interruption.dispose();
  }
}
