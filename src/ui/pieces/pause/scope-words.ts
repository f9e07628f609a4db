/** What a pause stops, in words. */
export function scopeInWords(scope: string): string {
  if (scope === "all") return "everything";
  const [, kind, rest = ""] = /^(rule|runbook|hosts):(.*)$/su.exec(scope) ?? [];
  if (kind === undefined) return scope;
  return kind === "hosts" ? `runs on hosts ${rest}` : `${kind} ${rest}`;
}

const SCOPES = ["all", "rule", "runbook", "hosts"] as const;
export type ScopeKind = (typeof SCOPES)[number];

/** A scope in its two parts; everything where there is none. */
export function partsOf(scope: string): { readonly kind: ScopeKind; readonly value: string } {
  const [, kind, value = ""] = /^(rule|runbook|hosts):(.*)$/su.exec(scope) ?? [];
  const known = SCOPES.find((each) => each === kind);
  return known === undefined ? { kind: "all", value: "" } : { kind: known, value };
}

export function scopeOf(kind: ScopeKind, value: string): string {
  return kind === "all" ? "all" : `${kind}:${value.trim()}`;
}
