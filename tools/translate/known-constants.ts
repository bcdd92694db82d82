/**
 * Constants that every kernel has and that trees without include/ lack: error numbers (uapi/asm-generic/errno-base.h,
 * errno.h, linux/errno.h), socket and address families (linux/socket.h, uapi/linux/in.h), limits (linux/limits.h).
 */
const ERRORS =
  "EPERM 1 ENOENT 2 ESRCH 3 EINTR 4 EIO 5 ENXIO 6 E2BIG 7 EBADF 9 ECHILD 10 EAGAIN 11 EWOULDBLOCK 11 ENOMEM 12 " +
  "EACCES 13 EFAULT 14 EBUSY 16 EEXIST 17 EXDEV 18 ENODEV 19 ENOTDIR 20 EISDIR 21 EINVAL 22 ENFILE 23 EMFILE 24 " +
  "EFBIG 27 ENOSPC 28 ESPIPE 29 EROFS 30 EMLINK 31 EPIPE 32 EDOM 33 ERANGE 34 EDEADLK 35 ENAMETOOLONG 36 " +
  "ENOLCK 37 ENOSYS 38 ENOTEMPTY 39 ENODATA 61 ETIME 62 ENOLINK 67 EPROTO 71 EBADMSG 74 EOVERFLOW 75 EILSEQ 84 " +
  "ENOTSOCK 88 EMSGSIZE 90 EPROTONOSUPPORT 93 ESOCKTNOSUPPORT 94 EOPNOTSUPP 95 EPFNOSUPPORT 96 EAFNOSUPPORT 97 " +
  "EADDRINUSE 98 EADDRNOTAVAIL 99 ENETDOWN 100 ENETUNREACH 101 ENETRESET 102 ECONNABORTED 103 ECONNRESET 104 " +
  "ENOBUFS 105 EISCONN 106 ENOTCONN 107 ESHUTDOWN 108 ETIMEDOUT 110 ECONNREFUSED 111 EHOSTDOWN 112 " +
  "EHOSTUNREACH 113 EALREADY 114 EINPROGRESS 115 ESTALE 116 ECANCELED 125 ENOKEY 126 EKEYEXPIRED 127 " +
  "EKEYREVOKED 128 EKEYREJECTED 129 ERESTARTSYS 512 ENOTSUPP 524 EREMCHG 78 EREMOTEIO 121 EDQUOT 122";

const OTHERS =
  "AF_UNSPEC 0 AF_UNIX 1 AF_INET 2 AF_INET6 10 PF_INET 2 PF_INET6 10 SOCK_STREAM 1 SOCK_DGRAM 2 IPPROTO_TCP 6 " +
  "IPPROTO_UDP 17 SHUT_RD 0 SHUT_WR 1 SHUT_RDWR 2 O_NONBLOCK 2048 MSG_PEEK 2 MSG_DONTWAIT 64 MSG_WAITALL 256 " +
  "MSG_NOSIGNAL 16384 TASK_RUNNING 0 TASK_INTERRUPTIBLE 1 TASK_UNINTERRUPTIBLE 2 TASK_KILLABLE 258 READ 0 " +
  "WRITE 1 ITER_DEST 0 ITER_SOURCE 1 ITER_KVEC 0 PATH_MAX 4096 PAGE_SIZE 4096 INT_MAX 2147483647 SIGKILL 9 " +
  "PF_MEMALLOC 2048";

const CONSTANTS: ReadonlyMap<string, bigint> = new Map(
  pairs(`${ERRORS} ${OTHERS}`).map(([name, number]) => [name, BigInt(number)]),
);

function pairs(text: string): [string, string][] {
  const words = text.split(" ");
  return words.flatMap((word, i): [string, string][] => (i % 2 === 0 ? [[word, words[i + 1] ?? "0"]] : []));
}

/** The value of a constant that all kernels share; null for other names. */
export function knownConstant(name: string): bigint | null {
  // Flags of allocations say how hard to try; allocations of the model never fail.
  if (/^(?:__)?GFP_\w+$/.test(name)) return 0n;
  return CONSTANTS.get(name) ?? null;
}
