/** What goes wrong with a reconnect, in words. */

/** Error numbers as C calls them, for those that matter here: include/uapi/asm-generic/errno.h. */
const ERRORS: Readonly<Record<string, string>> = {
  "-5": "-EIO",
  "-11": "-EAGAIN",
  "-22": "-EINVAL",
  "-32": "-EPIPE",
  "-88": "-ENOTSOCK",
  "-98": "-EADDRINUSE",
  "-99": "-EADDRNOTAVAIL",
  "-101": "-ENETUNREACH",
  "-103": "-ECONNABORTED",
  "-104": "-ECONNRESET",
  "-106": "-EISCONN",
  "-107": "-ENOTCONN",
  "-110": "-ETIMEDOUT",
  "-111": "-ECONNREFUSED",
  "-113": "-EHOSTUNREACH",
  "-114": "-EALREADY",
  "-115": "-EINPROGRESS",
};

/** The text with its error by name: the result of a call, or what one ends with. */
export function withErrorNamed(text: string): string {
  return text.replace(/(= |with )(-\d+)/, (_, before: string, number: string) => before + (ERRORS[number] ?? number));
}

/** A violation of a property as a table says it: `hangs (the same state comes back)`. */
export function violationText(property: string, what: string): string {
  // The search's words for a loop are about progress already.
  return property === "progress" ? `hangs (${what.replace(/ without progress$/, "")})` : withErrorNamed(what);
}

/** The same as a clause. */
export function sentenceOf(property: string, what: string): string {
  const text = violationText(property, what);
  return property === "progress" ? `the call ${text}` : text;
}

export function cpusText(cpus: number): string {
  return `${cpus} ${cpus === 1 ? "CPU" : "CPUs"}`;
}
