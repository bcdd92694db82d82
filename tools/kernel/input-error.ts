/**
 * Bad input from outside: a path that is not there, an archive that is cut short, a revision that git does not know.
 *
 * The message is one line for a person: it names the file (or what was asked for) and the reason. tools/cli prints it
 * and exits with 2; nothing else in the project turns errors into output.
 */
export class InputError extends Error {
  override readonly name = "InputError";

  /**
   * @param subject the file, revision or option at fault, as the user wrote it
   * @param reason what is wrong with it, without a full stop
   * @param options `cause`: the error underneath, shown only with --debug
   */
  constructor(
    readonly subject: string,
    readonly reason: string,
    options?: { readonly cause?: unknown },
  ) {
    super(`${oneLine(subject, 500)}: ${oneLine(reason, 2_000)}`, options);
  }
}

/** Hostile names must not forge a second line or terminal escapes: control characters become spaces. */
function oneLine(text: string, maxCharacters: number): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are exactly what is being removed
  return text.replace(/[\u0000-\u001f\u007f-\u009f]+/g, " ").slice(0, maxCharacters);
}
