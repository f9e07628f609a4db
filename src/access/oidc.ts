import type { Configuration } from "openid-client";
import type { HttpClient } from "../outbound/http-client.ts";
import type { OidcSettings } from "./login-schema.ts";

type Client = typeof import("openid-client");

/** What has to be remembered of a login while somebody is at the provider. */
export interface BegunLogin {
  /** Where the browser is sent. */
  readonly url: string;
  readonly state: string;
  readonly nonce: string;
  /** PKCE (RFC 7636). */
  readonly verifier: string;
}

/** Somebody whom the provider has vouched for. */
export interface ProvenPerson {
  /** `ISSUER SUBJECT`: the same for ever, whatever the person is called. */
  readonly account: string;
  readonly name: string;
  readonly groups: readonly string[];
}

/** A login by a provider that did not come to an end. Its text is for the person, and holds nothing secret. */
export class OidcError extends Error {
  override readonly name = "OidcError";
  readonly code: "unreachable" | "refused" | "claims";

  constructor(code: OidcError["code"], message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
  }
}

/** A provider of OpenID Connect, by the authorization code flow with PKCE, state and nonce. Every call throws {@link OidcError}. */
export interface OidcProvider {
  readonly label: string;
  begin(redirectUri: string): Promise<BegunLogin>;
  /** `url` is the whole address that the provider sent the browser back to. Not repeatable: a code is used once. */
  finish(url: URL, begun: Omit<BegunLogin, "url">): Promise<ProvenPerson>;
  /** Where the browser ends its session at the provider; null where the provider offers no such page. */
  logoutUrl(returnTo: string): Promise<string | null>;
}

const TIMEOUT_MS = 10_000;
const ANSWER_BYTES_MAX = 1024 * 1024;
const GROUPS_MAX = 500;

/** Asks the provider for nothing before the first login: it may be away when the service starts. */
export function createOidcProvider(
  settings: OidcSettings,
  secret: string | null,
  http: HttpClient,
): OidcProvider {
  let opened: Promise<Opened> | null = null;
  const open = (): Promise<Opened> => {
    opened ??= discover(settings, secret, http).catch((error: unknown) => {
      opened = null;
      throw new OidcError("unreachable", `the login provider ${settings.issuer} does not answer`, error);
    });
    return opened;
  };
  return {
    label: settings.label,
    async begin(redirectUri) {
      const { client, configuration } = await open();
      const verifier = client.randomPKCECodeVerifier();
      const [state, nonce] = [client.randomState(), client.randomNonce()];
      const url = client.buildAuthorizationUrl(configuration, {
        redirect_uri: redirectUri,
        scope: settings.scopes.join(" "),
        code_challenge: await client.calculatePKCECodeChallenge(verifier),
        code_challenge_method: "S256",
        state,
        nonce,
      });
      return { url: url.href, state, nonce, verifier };
    },
    async finish(url, { state, nonce, verifier }) {
      const opened = await open();
      const claims = await exchangeCode(opened, settings, url, { state, nonce, verifier });
      return personOf(claims, settings);
    },
    async logoutUrl(returnTo) {
      const { client, configuration } = await open();
      if (configuration.serverMetadata().end_session_endpoint === undefined) return null;
      const parameters = { post_logout_redirect_uri: returnTo, client_id: settings.client_id };
      return client.buildEndSessionUrl(configuration, parameters).href;
    },
  };
}

interface Opened {
  readonly client: Client;
  readonly configuration: Configuration;
}

/** The package is read here and not at the start: most services never need it. */
async function discover(settings: OidcSettings, secret: string | null, http: HttpClient): Promise<Opened> {
  const client = await import("openid-client");
  const issuer = new URL(settings.issuer);
  const authentication = secret === null ? client.None() : client.ClientSecretPost(secret);
  const configuration = await client.discovery(issuer, settings.client_id, {}, authentication, {
    [client.customFetch]: fetchBy(http),
    timeout: TIMEOUT_MS / 1_000,
    // Only where the settings name the issuer by http.
    ...(issuer.protocol === "http:" ? { execute: [client.allowInsecureRequests] } : {}),
  });
  configuration[client.customFetch] = fetchBy(http);
  return { client, configuration };
}

/** Requests go the way of all others: the certificate authorities of the settings, and a limit on what is read. */
function fetchBy(http: HttpClient) {
  return async (
    url: string,
    options: { body?: unknown; headers?: Record<string, string>; method?: string; signal?: AbortSignal },
  ) => {
    const { body, headers = {}, method = "GET", signal } = options;
    const answer = await http.request({
      method,
      url,
      headers,
      ...bodyOf(body),
      timeoutMs: TIMEOUT_MS,
      bodyBytesMax: ANSWER_BYTES_MAX,
      redirectsMax: 0,
      ...(signal === undefined ? {} : { signal }),
    });
    const hasBody = ![204, 205, 304].includes(answer.status);
    return new Response(hasBody ? new Uint8Array(answer.body) : null, {
      status: answer.status,
      headers: Object.entries(answer.headers).flatMap(([name, value]) =>
        value === undefined ? [] : [[name, String(value)] as [string, string]],
      ),
    });
  };
}

/** The library sends forms. */
function bodyOf(body: unknown): { body?: string | Uint8Array } {
  if (body instanceof URLSearchParams) return { body: body.toString() };
  return typeof body === "string" || body instanceof Uint8Array ? { body } : {};
}

type Claims = Readonly<Record<string, unknown>> & { readonly iss: string; readonly sub: string };

/** Claims of the ID token, and those of the user info where the ones that count are missing. */
async function exchangeCode(
  { client, configuration }: Opened,
  settings: OidcSettings,
  url: URL,
  { state, nonce, verifier }: Omit<BegunLogin, "url">,
): Promise<Claims> {
  try {
    const tokens = await client.authorizationCodeGrant(configuration, url, {
      pkceCodeVerifier: verifier,
      expectedState: state,
      expectedNonce: nonce,
      idTokenExpected: true,
    });
    const claims = tokens.claims();
    if (claims === undefined) throw new OidcError("claims", "the login provider sent no ID token");
    const isWhole = [settings.name_claim, settings.groups_claim].every((name) => claims[name] !== undefined);
    if (isWhole || configuration.serverMetadata().userinfo_endpoint === undefined) return claims;
    const info = await client.fetchUserInfo(configuration, tokens.access_token, claims.sub);
    return { ...info, ...claims };
  } catch (error) {
    if (error instanceof OidcError) throw error;
    throw new OidcError("refused", `the login provider refused the login: ${reasonOf(error)}`, error);
  }
}

/** What the provider gave as its reason; a library's own words where it gave none. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const described: unknown = "error_description" in error ? error.error_description : undefined;
  return typeof described === "string" && described !== "" ? described : error.message;
}

function personOf(claims: Claims, settings: OidcSettings): ProvenPerson {
  const name = claims[settings.name_claim];
  if (typeof name !== "string" || name === "")
    throw new OidcError(
      "claims",
      `the login provider says nothing of ${settings.name_claim}; ask for its scope in login.oidc.scopes, or name another claim in login.oidc.name_claim`,
    );
  const groups = claims[settings.groups_claim];
  const list = Array.isArray(groups) ? groups : groups === undefined ? [] : [groups];
  return {
    account: `${claims.iss} ${claims.sub}`,
    name,
    groups: list.filter((group) => typeof group === "string").slice(0, GROUPS_MAX),
  };
}
