/** Names that load code, or change how a shell reads a script, whatever their value: never settable by a step. */
const REFUSED = [
  /^LD_/,
  /^DYLD_/,
  /^BASH_FUNC_/,
  /^(BASH_ENV|ENV|SHELLOPTS|BASHOPTS|IFS|PS4|PROMPT_COMMAND|GLIBC_TUNABLES)$/,
  /^(NODE_OPTIONS|PYTHONSTARTUP|PYTHONPATH|PYTHONHOME|PYTHONINSPECT|PERL5OPT|PERL5LIB|PERLLIB|PERL5DB|RUBYOPT)$/,
  // Which program a command is, is decided before the step: a script may change it for itself.
  /^PATH$/,
  /^_?(JAVA_TOOL_OPTIONS|JAVA_OPTIONS)$/,
  /^NIGHTSHIFT_/,
];

/** Names that say where code is found: a fixed text is the author's choice, a value from outside is not. */
const FIXED_ONLY = /^(NODE_PATH|RUBYLIB|CLASSPATH|GIT_[A-Z_]+|EDITOR|VISUAL|PAGER|SHELL|HOME)$/;

/** Why a step may not set this variable; undefined when it may. `isTemplated` says that its value comes from outside. */
export function envNameProblem(name: string, isTemplated: boolean): string | undefined {
  if (REFUSED.some((pattern) => pattern.test(name.toUpperCase())))
    return `a step may not set ${name}: it decides which code runs; set it inside the script`;
  if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name))
    return "a variable's name has letters, digits and _, and begins with a letter or _";
  if (isTemplated && FIXED_ONLY.test(name.toUpperCase()))
    return `${name} decides which code is found, so it must be a fixed text; give the value another name`;
  return undefined;
}
