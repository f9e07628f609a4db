import { type Command, Option } from "commander";
import { OUTPUT_FORMATS } from "../client/flags.ts";
import { commandGroup, type Flags, type ProgramContext } from "./options.ts";

/** The commands about bundles that somebody has downloaded: zip and tar.gz alike, without a server. */
export function addBundleCommands(program: Command, { output, setExitCode }: ProgramContext): void {
  const group = commandGroup(program, "bundle", "look into bundles that runs have left");
  withFormat(group.command("verify"))
    .argument("<file>", "a bundle, as zip or tar.gz")
    .description("check every byte of a bundle against its own sums; exit 1 when one was changed")
    .action(async (file: string, flags: Flags) => {
      const { verifyCommand } = await import("../bundle.ts");
      setExitCode(await verifyCommand(file, { format: formatOf(flags) }, output));
    });
  withFormat(group.command("ls"))
    .argument("<file>", "a bundle, as zip or tar.gz")
    .description("show the files of a bundle, with what its manifest says of them")
    .action(async (file: string, flags: Flags) => {
      const { bundleListCommand } = await import("../bundle-list.ts");
      setExitCode(await bundleListCommand(file, { format: formatOf(flags) }, output));
    });
  group
    .command("cat")
    .argument("<file>", "a bundle, as zip or tar.gz")
    .argument("<path>", "of a file in it, as `bundle ls` shows it")
    .description("write one file of a bundle to the standard output; exit 1 when it has none of that name")
    .action(async (file: string, path: string) => {
      const { bundleCatCommand } = await import("../bundle-cat.ts");
      setExitCode(await bundleCatCommand(file, path, process.stdout, output));
    });
  withFormat(group.command("diff"))
    .argument("<first>", "a bundle, as zip or tar.gz")
    .argument("<second>", "another one")
    .description(
      "show what differs between two bundles, small texts line by line; exit 1 when something does",
    )
    .action(async (first: string, second: string, flags: Flags) => {
      const { bundleDiffCommand } = await import("../bundle-diff.ts");
      setExitCode(await bundleDiffCommand(first, second, { format: formatOf(flags) }, output));
    });
}

function withFormat(command: Command): Command {
  return command.addOption(
    new Option("-o, --output <format>", "text for people, json for programs")
      .choices(OUTPUT_FORMATS)
      .default("text"),
  );
}

function formatOf(flags: Flags): "text" | "json" {
  return flags["output"] === "json" ? "json" : "text";
}
