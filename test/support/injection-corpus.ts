/** A hostile value, and why it is in the corpus. */
export interface InjectionValue {
  readonly name: string;
  readonly value: string;
}

/**
 * Values that have broken other programs. Those that a shell could execute would create the canary file, so that a file
 * there means that somebody executed a value. The path of the canary must hold no quote, space or dollar.
 */
export function injectionCorpus(canary: string): readonly InjectionValue[] {
  const touch = `touch ${canary}`;
  return [
    { name: "command substitution", value: `$(${touch})` },
    { name: "backquotes", value: `\`${touch}\`` },
    { name: "semicolon", value: `; ${touch} ;` },
    { name: "pipe", value: `| ${touch}` },
    { name: "and", value: `&& ${touch}` },
    { name: "or", value: `|| ${touch}` },
    { name: "background", value: `& ${touch} &` },
    { name: "newline", value: `x\n${touch}\n` },
    { name: "carriage return", value: `x\r\n${touch}\r\n` },
    { name: "end of single quotes", value: `'; ${touch}; '` },
    { name: "end of double quotes", value: `"; ${touch}; "` },
    { name: "escaped quote", value: `\\'; ${touch}; \\'` },
    { name: "quote of our own quoting", value: `'\\''; ${touch}; '\\''` },
    { name: "newline of our own quoting", value: `'"$NIGHTSHIFT_NEWLINE"'; ${touch}; '` },
    { name: "end of an eval", value: `'; ${touch} #` },
    { name: "end of a script", value: `exit 0; }; ${touch}; {` },
    { name: "redirection", value: `> ${canary}` },
    { name: "here document", value: `<<EOF\n$(${touch})\nEOF\n` },
    { name: "function definition", value: `() { :; }; ${touch}` },
    { name: "parameter expansion", value: `\${x:-$(${touch})}` },
    { name: "arithmetic", value: `a[$(${touch})]` },
    { name: "prompt expansion", value: `\\$(${touch})` },
    { name: "history", value: "!!; !-1" },
    { name: "glob", value: "/*?[a-z]{a,b}" },
    { name: "tilde", value: "~root" },
    { name: "only spaces", value: "   " },
    { name: "empty", value: "" },
    { name: "trailing newlines", value: "x\n\n\n" },
    { name: "trailing backslash", value: "x\\" },
    { name: "leading dash", value: "-n" },
    { name: "ssh option as a value", value: `-oProxyCommand=${touch}` },
    { name: "help option", value: "--help" },
    { name: "recursive force", value: "-rf" },
    { name: "end of options", value: "--" },
    { name: "argument file of Jenkins", value: "@/etc/passwd" },
    { name: "mustache", value: "{{7*7}}" },
    { name: "mustache constructor", value: `{{this.constructor.constructor('return process')()}}` },
    {
      name: "template literal",
      value: `\${this.constructor.constructor('return process')().mainModule.require('child_process').execSync('${touch}')}`,
    },
    { name: "erb", value: `<%= \`${touch}\` %>` },
    { name: "ruby interpolation", value: `#{\`${touch}\`}` },
    { name: "our own template", value: "${{ secrets.TOKEN }}" },
    { name: "python format", value: "%(x)s {0.__class__}" },
    { name: "printf format", value: "%s%n%x%c" },
    { name: "relative path", value: "../../etc/passwd" },
    { name: "absolute path", value: "/etc/passwd" },
    { name: "encoded path", value: "..%2f..%2fetc%2fpasswd" },
    { name: "windows path", value: "C:\\Windows\\..\\" },
    { name: "long name", value: "n".repeat(300) },
    { name: "dash as a name", value: "-" },
    { name: "html image", value: `<img src=x onerror=alert(1)>` },
    { name: "svg", value: `<svg onload=alert(1)>` },
    { name: "ansi colours", value: "\u001b[31mred\u001b[0m\u001b[2J" },
    { name: "terminal link", value: "\u001b]8;;http://example.net\u0007click\u001b]8;;\u0007" },
    { name: "terminal clipboard", value: "\u001b]52;c;ZWNobyBoaQ==\u0007" },
    { name: "csv formula", value: `=cmd|'/C ${touch}'!A0` },
    { name: "sql", value: `'; DROP TABLE run; --` },
    { name: "header split", value: "x\r\nX-Injected: yes\r\n\r\n" },
    { name: "loader variable", value: "LD_PRELOAD=/nonexistent/x.so" },
    { name: "shellshock variable", value: `BASH_FUNC_x%%=() { ${touch}; }` },
    { name: "node options", value: `NODE_OPTIONS=--require=${canary}` },
    { name: "redaction mask", value: "***" },
    { name: "cookie variable", value: "\nNIGHTSHIFT_COOKIE=stolen\n" },
    { name: "unicode", value: "ünïcödé \u202e\u2066 \ufeff 日本 🦊" },
    { name: "control characters", value: "\u0001\u0007\u0008\u000b\u000c\u007f\u0085" },
    { name: "bytes that dash uses inside", value: "\u0081\u0082\u0088 Ё\u0403" },
    { name: "prometheus", value: `"} or on() vector(1) #` },
  ];
}

/** Too long for one argument or one variable of Linux: it must be refused, never cut. */
export const OVERLONG_VALUE = "A".repeat(200_000);

/** Names of variables whose value would be code: no step may set them from outside. */
export const HOSTILE_VARIABLE_NAMES = [
  "LD_PRELOAD",
  "LD_LIBRARY_PATH",
  "BASH_FUNC_x%%",
  "BASH_ENV",
  "ENV",
  "IFS",
  "NODE_OPTIONS",
  "PATH",
  "NIGHTSHIFT_COOKIE",
  "NIGHTSHIFT_NEWLINE",
  "A=B",
  "A B",
  "",
  "x;touch y",
] as const;
