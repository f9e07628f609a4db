import { startCall, toOpenedJob } from "./openssh-call.ts";
import { loaderArgv } from "./remote-command.ts";
import type { OpenHostJob } from "./remote-script.ts";

/** Runs scripts on this machine as another user, by the same job lines as over SSH. */
export function openLocalJobs(environment: Readonly<Record<string, string>>): OpenHostJob {
  return async (request) =>
    toOpenedJob(await startCall(loaderArgv(request.become), environment, request), () => {});
}
