/** Rule files with so many rules, each with all that a rule usually has: a few hundred in a file, as teams keep them. */
export function manyRules(count: number, perFile = 500): Readonly<Record<string, string>> {
  const files: Record<string, string> = {};
  for (let start = 0; start < count; start += perFile) {
    const rules = Array.from({ length: Math.min(perFile, count - start) }, (_, index) => rule(start + index));
    files[`rules/${String(start).padStart(6, "0")}.yml`] = `rules:\n${rules.join("")}`;
  }
  return files;
}

function rule(index: number): string {
  return `  - name: rule-${index}
    mode: auto
    matchers:
      - alertname = "Alert${index}"
      - team =~ "a${index % 7}|b|c"
      - instance != ""
    if: alert.?labels.env.orValue("") == "prod" && alert.?values.A.orValue(0.0) > ${index % 90}.5
    group_by: [alertname, instance]
    runbook: look
    with:
      host: \${{ alert.labels.instance }}
      lines: ${index}
    guards:
      cooldown: 30m
      rate_limit: {max: 3, per: 1h}
      locks: ["pool:${index % 11}"]
      breaker: {failures: 3, within: 2h}
    verify: {resolved_within: 5m, stable_for: 10m}
`;
}
