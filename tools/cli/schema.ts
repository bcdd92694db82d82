/** `groundhog schema COMMAND`: the JSON Schema of a command's --json document. */
import { SYSTEMS } from "../../kernel-models/registry.ts";
import { InputError } from "../kernel/input-error.ts";
import { COMMANDS, jsonSchema } from "../report/schema.ts";
import { EXIT, type Exit } from "./exit.ts";
import { print } from "./surroundings.ts";

/** Prints the schema. */
export async function schemaCommand(name: string): Promise<Exit> {
  const command = COMMANDS.find((one) => one === name);
  if (command === undefined) {
    throw new InputError(name, `no command with a JSON document; there are ${COMMANDS.join(", ")}`);
  }
  const stories = SYSTEMS.map((system) => system.figures);
  await print(`${JSON.stringify(jsonSchema(command, stories), null, 2)}\n`);
  return EXIT.done;
}
