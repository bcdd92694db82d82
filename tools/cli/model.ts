/** `groundhog model SYSTEM`: writes the TypeScript model. */
import { InputError } from "../kernel/input-error.ts";
import { printable } from "../report/words.ts";
import { EXIT, type Exit } from "./exit.ts";
import { writeFiles } from "./out.ts";
import { configurationOf, openForCommand, print } from "./surroundings.ts";
import { requireFolders, type Systems, systemNamed } from "./systems.ts";
import { modelOf, programOf } from "./translation.ts";

export interface ModelOptions {
  readonly kernel?: string;
  readonly config?: string;
  readonly out: string;
}

/** Runs the command; with `--out -` the model itself goes to standard output, and nothing else. */
export async function modelCommand(name: string, options: ModelOptions, systems?: Systems): Promise<Exit> {
  const system = systemNamed(name, systems);
  const configuration = configurationOf(options.config);
  if (options.out === "") throw new InputError("--out", "names no folder");
  const source = await openForCommand(options.kernel, []);
  try {
    await requireFolders(source, [system]);
    const model = await modelOf(source, await programOf(source, configuration), system);
    const unmodelled = model.unmodelled.map(
      ({ file, line, what }) => `${printable(file)}:${line}: not modelled: ${printable(what)}`,
    );
    if (options.out === "-") {
      await print(model.text);
      for (const line of unmodelled) process.stderr.write(`${line}\n`);
      return EXIT.done;
    }
    const written = writeFiles(options.out, new Map([[`${system.name}.model.ts`, model.text]]));
    const lines = [
      ...unmodelled,
      ...model.notes.map(printable),
      `${model.functions.length} functions of ${model.files.length} files; sha256 ${model.sha256}`,
      `written: ${written.map(printable).join(", ")}`,
    ];
    await print(`${lines.join("\n")}\n`);
  } finally {
    await source.close();
  }
  return EXIT.done;
}
