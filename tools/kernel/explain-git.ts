/** Git's reason in one line: what the user can do about it where git takes six lines to say so. */
export function explainGit(message: string): string {
  const dubious = /detected dubious ownership in repository at '([^']*)'/.exec(message);
  if (dubious?.[1] !== undefined) {
    const remedy = `git config --global --add safe.directory ${dubious[1]}`;
    return `git refuses it because it belongs to another user; if you trust it: ${remedy}`;
  }
  if (/promisor remote|lazy fetching/.test(message)) {
    return "this is a partial clone that lacks a needed file, and groundhog does not fetch into it";
  }
  if (/spawn git ENOENT/.test(message)) {
    return "git is not installed";
  }
  if (/not a git repository/i.test(message)) {
    return "not a git repository";
  }
  if (/Needed a single revision|unknown revision|ambiguous argument|bad revision/.test(message)) {
    return "git knows no such revision in this repository";
  }
  const fatal = message.split("\n").find((line) => /^(fatal|error): /.test(line));
  return (fatal ?? (message.trim().split("\n").at(-1) || "git failed")).replace(/^(fatal|error): /, "");
}
