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

/** `-11` as `-EAGAIN`; a number that has no name here as it is. */
export function errorNamed(number: string): string {
  return ERRORS[number] ?? number;
}
