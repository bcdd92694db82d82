/** Generated models under the compiler options of the project, without a file of theirs on disk. */
import { join } from "node:path";
import ts from "typescript";

const PROJECT = join(import.meta.dirname, "../..");
/** Where models are put by hand: their imports count from there. */
const FOLDER = join(PROJECT, "kernel-models/generated");

function projectOptions(): ts.CompilerOptions {
  const { config } = ts.readConfigFile(join(PROJECT, "tsconfig.json"), ts.sys.readFile);
  return ts.parseJsonConfigFileContent(config, ts.sys, PROJECT).options;
}

/**
 * What the compiler says about models, and about what they import.
 *
 * @param texts models by a name of their own
 */
export function typeComplaints(texts: ReadonlyMap<string, string>): readonly string[] {
  const options = projectOptions();
  const files = new Map([...texts].map(([name, text]) => [join(FOLDER, `type-check-${name}.ts`), text]));
  const host = ts.createCompilerHost(options);
  const { fileExists, readFile, getSourceFile } = host;
  host.fileExists = (path) => files.has(path) || fileExists(path);
  host.readFile = (path) => files.get(path) ?? readFile(path);
  host.getSourceFile = (path, target, ...rest) => {
    const text = files.get(path);
    return text === undefined ? getSourceFile(path, target, ...rest) : ts.createSourceFile(path, text, target, true);
  };
  const program = ts.createProgram([...files.keys()], options, host);
  return [...files.keys()].flatMap((path) => {
    const file = program.getSourceFile(path);
    if (file === undefined) return [`${path} was not read`];
    const found = [...program.getSyntacticDiagnostics(file), ...program.getSemanticDiagnostics(file)];
    return found.map(({ start, messageText }) => {
      const line = file.getLineAndCharacterOfPosition(start ?? 0).line + 1;
      return `${path}:${line}: ${ts.flattenDiagnosticMessageText(messageText, "\n")}`;
    });
  });
}
