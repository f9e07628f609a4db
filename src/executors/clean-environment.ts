import { homedir, userInfo } from "node:os";

/** Where programs of commands here are looked for. */
export const CLEAN_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/** What every process here starts with, whatever the service's own environment holds. */
export function cleanEnvironment(
  more: Readonly<Record<string, string>> = {},
): Readonly<Record<string, string>> {
  const { username } = userInfo();
  return {
    PATH: CLEAN_PATH,
    LANG: "C.UTF-8",
    HOME: homedir(),
    USER: username,
    LOGNAME: username,
    ...more,
  };
}
