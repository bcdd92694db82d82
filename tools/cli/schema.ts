/** `groundhog schema COMMAND`: the JSON Schema of a command's --json document. */
import { InputError } from "../kernel/input-error.ts";
import { jsonSchema, SCHEMAS } from "../report/schema.ts";
import { EXIT, type Exit } from "./exit.ts";
import { print } from "./surroundings.ts";

function isCommand(name: string): name is keyof typeof SCHEMAS {
  return Object.hasOwn(SCHEMAS, name);
}

/** Prints the schema. */
export async function schemaCommand(command: string): Promise<Exit> {
  if (!isCommand(command)) {
    throw new InputError(command, `no command with a JSON document; there are ${Object.keys(SCHEMAS).join(", ")}`);
  }
  await print(`${JSON.stringify(jsonSchema(command), null, 2)}\n`);
  return EXIT.done;
}
