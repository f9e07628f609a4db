import { LoginLimits } from "./access/login-limits.ts";
import type { EngineDependencies } from "./engine/dependencies.ts";
import { makeSetupPath } from "./engine/setup-link.ts";
import { loginCookies } from "./http/login/cookies.ts";
import type { LoginParts } from "./http/login/login-parts.ts";
import type { LiveParts } from "./live-parts.ts";

/** What the login's routes need, with the settings of each moment. */
export function openLogin(
  dependencies: EngineDependencies,
  live: { readonly current: LiveParts },
): LoginParts {
  const { store, auditKeys, clock, log, externalUrl } = dependencies;
  return {
    dependencies: {
      store,
      auditKeys,
      clock,
      log,
      limits: new LoginLimits(),
      checking: { count: 0 },
      get redaction() {
        return dependencies.redaction;
      },
    },
    login: () => live.current.settings.login ?? null,
    oidc: () => live.current.oidc,
    cookies: loginCookies(externalUrl),
    externalUrl,
  };
}

/** The address at which the first admin is made; null where it is not needed. */
export async function openSetupLink({
  dependencies,
  login,
  externalUrl,
}: LoginParts): Promise<string | null> {
  const settings = login();
  const path = settings === null ? null : await makeSetupPath(dependencies.store, settings);
  return path === null ? null : `${externalUrl}${path}`;
}
