/** Debian's kernels compile against Debian's headers, and what is wrong with a patch is seen. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { debianHeaders } from "../../tools/kernel/debian-headers.ts";
import { InputError } from "../../tools/kernel/input-error.ts";
import { openKernel } from "../../tools/kernel/open.ts";
import { findProgram } from "../../tools/kernel/programs.ts";
import type { KernelSource } from "../../tools/kernel/source.ts";
import type { ToolCheck } from "../../tools/repair/candidate.ts";
import { compileTouched } from "../../tools/repair/compile.ts";
import { options, withPath } from "../kernel/fixtures.ts";
import { CACHE, WANTED } from "./kernels.ts";

const CONNECT = "fs/smb/client/connect.c";
const SECONDS = 1_000;

async function openOrWhy(version: string): Promise<KernelSource | string> {
  try {
    return await openKernel(`debian:${version}`, options({ wanted: WANTED, cacheDirectory: CACHE }));
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    return `apt cannot supply linux-source-${version}: ${error.message}`;
  }
}

type Edit = (text: string) => string;
/** Adds lines at the beginning of a function's body, or behind a struct's brace. */
const behind =
  (head: RegExp, lines: string): Edit =>
  (text) =>
    text.replace(head, (found) => `${found}\n${lines}`);
const inFunction = (lines: string): Edit => behind(/^server_unresponsive\(.*\)\n\{/m, lines);
const none: Edit = (text) => text;

type Edits = Readonly<Record<string, Edit>>;

function compileEdited(source: KernelSource, edits: Edits, before: Edits | null = null): Promise<ToolCheck> {
  const readEdited = (by: Edits) => async (path: string) => {
    const contents = await source.read(path);
    const edit = by[path];
    if (contents === null || edit === undefined || edit === none) return contents;
    const edited = edit(contents.toString("latin1"));
    if (edited === contents.toString("latin1")) throw new Error(`the edit of ${path} changes nothing`);
    return Buffer.from(edited, "latin1");
  };
  return compileTouched({
    version: source.version,
    touched: Object.keys(edits),
    list: (prefix) => source.list(prefix),
    read: readEdited(edits),
    ...(before === null ? {} : { readOriginal: readEdited(before) }),
    cacheDirectory: CACHE,
  });
}

describe.each(["6.1", "6.12"])("debian:%s", (version) => {
  let source: KernelSource | null = null;
  let why = "";

  afterAll(() => source?.close());

  beforeAll(async () => {
    const opened = await openOrWhy(version);
    if (typeof opened === "string") {
      why = opened;
      return;
    }
    source = opened;
    const headers = await debianHeaders(opened.version ?? "", { cacheDirectory: CACHE });
    const missing = ["make", "gcc"].find((name) => findProgram(name) === null);
    why = typeof headers === "string" ? headers : missing === undefined ? "" : `${missing} is not on this machine`;
  }, 600 * SECONDS);

  test.for<readonly [string, Edits, ToolCheck["status"], RegExp]>([
    ["as it is", { [CONNECT]: none }, "passed", /^connect\.o built against linux-headers-\S+ \S+ with gcc \d/],
    [
      "a missing operand",
      { [CONNECT]: inFunction("\tint x = ;") },
      "failed",
      /^fs\/smb\/client\/connect\.c:\d+: error: expected expression/,
    ],
    [
      "an unused variable",
      { [CONNECT]: inFunction("\tint idle_echoes;") },
      "failed",
      /^fs\/smb\/client\/connect\.c:\d+: warning: unused variable .idle_echoes./,
    ],
    [
      "an unused label",
      { [CONNECT]: inFunction("too_late:") },
      "failed",
      /^fs\/smb\/client\/connect\.c:\d+: warning: label .too_late. defined but not used/,
    ],
    [
      "a header of the client",
      { "fs/smb/client/cifsglob.h": behind(/^struct TCP_Server_Info \{/m, "\tunsigned long lastgasp;") },
      "passed",
      /^\w+\.o, \w+\.o and \w+\.o built/,
    ],
    [
      "a header beside the client",
      { "fs/smb/common/smb2pdu.h": behind(/^struct smb2_hdr \{/m, "\t__le32 broken") },
      "failed",
      /^fs\/smb\/common\/smb2pdu\.h:\d+: error: /,
    ],
    [
      "a header of include/ with its user",
      {
        "net/sunrpc/xprtsock.c": (text) =>
          `${text}\nint g(struct rpc_xprt *x);\nint g(struct rpc_xprt *x) { return x->groundhog; }\n`,
        "include/linux/sunrpc/xprt.h": behind(/^struct rpc_xprt \{/m, "\tint groundhog;"),
      },
      "passed",
      /^xprtsock\.o.* built/,
    ],
    [
      "what needs a generated header",
      { "fs/smb/client/asn1.c": none },
      "skipped",
      /asn1\.h, which only a whole build makes$/,
    ],
  ])("%s", { timeout: 300 * SECONDS }, async ([_, edits, status, detail], context) => {
    const opened = source;
    if (opened === null || why !== "") {
      context.skip(why);
      return;
    }
    expect(await compileEdited(opened, edits)).toEqual({
      tool: "compile",
      status,
      detail: expect.stringMatching(detail),
    });
  });

  test("blames the patch for what the kernel without it does not have, and for nothing else", async (context) => {
    const opened = source;
    if (opened === null || why !== "") {
      context.skip(why);
      return;
    }
    const edits = { [CONNECT]: inFunction("\tint x = ;") };
    expect((await compileEdited(opened, edits, {})).status).toBe("failed");
    const both = await compileEdited(opened, edits, edits);
    expect(both.detail).toMatch(
      /^it does not compile without the patch either: fs\/smb\/client\/connect\.c:\d+: error/,
    );
    expect(both.status).toBe("skipped");
  }, 300_000);

  test("takes headers from the cache without apt, at once", async (context) => {
    context.skip(source === null || why !== "", why);
    const start = performance.now();
    const headers = await withPath(["/nonexistent"], () =>
      debianHeaders(source?.version ?? "", { cacheDirectory: CACHE }),
    );
    expect(headers).toMatchObject({ kernel: source?.version });
    // Measured 1 ms.
    expect(performance.now() - start).toBeLessThan(500);
  });
});

test("a kernel for which Debian has no headers is told in one line", async () => {
  const reason = await debianHeaders("3.10.108", { cacheDirectory: CACHE });
  expect(reason).toMatch(
    /^(?:apt offers no header packages for Linux 3\.10 \(\w+\)(?:; there are [\d., ]+)?|header packages: apt-.*|the package lists have no headers.*)$/,
  );
});
