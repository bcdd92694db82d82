import { spawnSync } from "node:child_process";
import { chmodSync, cpSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { smbClientFolder, timerSource } from "../../tools/kernel/find.ts";
import { openKernel } from "../../tools/kernel/open.ts";
import {
  expectInputError,
  git,
  KERNEL,
  MAKEFILE,
  makePackage,
  makeRepository,
  makeTar,
  members,
  opened,
  options,
  temporaryFolder,
  withPath,
  writeFiles,
} from "./fixtures.ts";

describe("the forms", () => {
  test("a directory, relative to the working directory", async () => {
    const top = temporaryFolder();
    writeFiles(join(top, "linux"), KERNEL);
    const room = options({ workingDirectory: top });
    expect((await opened(openKernel("linux", room))).id).toBe("linux");
    expect((await opened(openKernel(join(top, "linux"), room))).id).toBe(join(top, "linux"));
    expect((await opened(openKernel(".", { ...room, workingDirectory: join(top, "linux") }))).id).toBe(
      join(top, "linux"),
    );
  });

  test("REPO@REV, also with an @ in the path; a directory of that very name comes first", async () => {
    const repository = makeRepository(KERNEL, "li@nux");
    const room = options({ workingDirectory: join(repository, "..") });
    expect((await opened(openKernel("li@nux@main", room))).id).toBe("li@nux@main");
    expect((await opened(openKernel("li@nux@HEAD@{0}", room))).version).toBe("6.1.7-rc2");
    expect(await (await opened(openKernel("li@nux", room))).list("Kconfig")).toEqual(["Kconfig"]);
    await expectInputError(openKernel("li@nux@--help", room), /li@nux@--help: this is no revision/);
    await expectInputError(openKernel("li@nux@none", room), /no such revision/);
  });

  test("a bare repository without a revision is told from a tree", async () => {
    const bare = join(temporaryFolder(), "linux.git");
    git(temporaryFolder(), "clone", "--quiet", "--bare", makeRepository(KERNEL), bare);
    await expectInputError(openKernel(bare, options()), /no kernel tree.*linux\.git@HEAD/);
  });

  test("an archive and a package", async () => {
    const top = temporaryFolder();
    writeFiles(top, { "a.tar": await makeTar(members(KERNEL, "linux/")), "b@1.deb": await makePackage(KERNEL) });
    const room = options({ workingDirectory: top });
    for (const name of ["a.tar", "b@1.deb"]) {
      const source = await opened(openKernel(name, room));
      expect([source.id, source.version]).toEqual([name, "6.1.7-rc2"]);
    }
  });

  test("anything else is refused, with the forms", async () => {
    const room = options();
    spawnSync("mkfifo", [join(room.workingDirectory, "fifo")]);
    await expectInputError(openKernel("fifo", room), /neither a directory nor a regular file/);
    await expectInputError(openKernel("/dev/zero", room), /neither a directory nor a regular file/);
    await expectInputError(openKernel("none", room), /none: no such file or directory; --kernel takes .*debian:X\.Y/);
    await expectInputError(openKernel("none@v6.1", room), /no such file or directory/);
    await expectInputError(openKernel("/etc/passwd/x", room), /no such file or directory/);
    await expectInputError(openKernel("x".repeat(5000), room), /no such file or directory/);
    await expectInputError(openKernel("", room), /names nothing/);
    await expectInputError(openKernel("a\0b", room), /names nothing/);
    await expectInputError(openKernel("\n", room), /names nothing/);
  });

  test.each(["6", "6.1.0", "6.1;id", "$(id)", "-o", "../6.1", "6.1 ", "", "6.1\n", "sid/6.1", "6.1=1"])(
    "debian:%j never reaches a command line",
    async (version) => {
      const trap = temporaryFolder();
      for (const name of ["apt-get", "apt-cache"]) {
        writeFileSync(join(trap, name), `#!/bin/sh\n/usr/bin/touch ${trap}/ran\n`);
        chmodSync(join(trap, name), 0o755);
      }
      await withPath([trap], () => expectInputError(openKernel(`debian:${version}`, options()), /no kernel version/));
      expect(readdirSync(trap)).not.toContain("ran");
    },
  );
});

/** A folder with an apt-get and an apt-cache that offer `versions`, each the same package; says what it was asked. */
async function fakeApt(versions: readonly string[], complaint = "Unable to locate package"): Promise<string> {
  const folder = temporaryFolder();
  writeFiles(folder, { "package.deb": await makePackage(KERNEL, "none", "none") });
  const script = [
    "#!/bin/sh",
    `echo "$(basename "$0") $*" >> ${folder}/log`,
    'for last in "$@"; do :; done',
    'case "$(basename "$0") $*" in',
    `  apt-cache*) for v in ${versions.join(" ")}; do echo "linux-source-$v - Linux kernel source"; done ;;`,
    `  *" download "*) case " ${versions.map((version) => `linux-source-${version}`).join(" ")} " in`,
    `    *" $last "*) cp ${folder}/package.deb "$last"_6.1.7-1_all.deb ;;`,
    `    *) echo "E: ${complaint} $last" >&2; exit 100 ;; esac ;;`,
    "  *\" update \"*) echo 'W: Temporary failure resolving deb.example.org' >&2 ;;",
    "esac",
    "",
  ].join("\n");
  for (const name of ["apt-get", "apt-cache"]) {
    writeFileSync(join(folder, name), script);
    chmodSync(join(folder, name), 0o755);
  }
  return folder;
}

function logOf(folder: string): string {
  return readdirSync(folder).includes("log")
    ? spawnSync("cat", [join(folder, "log")], { encoding: "utf8" }).stdout
    : "";
}

describe("debian:X.Y with an apt of our own", () => {
  test("downloads once, keeps, and adds folders from the package in the cache", async () => {
    const apt = await fakeApt(["6.1"]);
    const lines: string[] = [];
    const room = options({ wanted: ["net/sunrpc"], progress: (line) => lines.push(line) });
    await withPath([apt, "/usr/bin", "/bin"], async () => {
      const source = await opened(openKernel("debian:6.1", room));
      expect([source.id, source.version]).toEqual(["debian:6.1", "6.1.7-rc2"]);
      expect(await source.list("")).toEqual(["Makefile", "net/sunrpc/xprt.c"]);
    });
    expect(
      logOf(apt)
        .split("\n")
        .filter((line) => line.includes("download")),
    ).toHaveLength(1);
    expect(logOf(apt)).not.toContain("update");
    expect(lines).toHaveLength(2);
    // No apt from here on.
    await withPath(["/nonexistent"], async () => {
      expect(await (await opened(openKernel("debian:6.1", room))).read("net/sunrpc/xprt.c")).not.toBeNull();
      expect(lines).toHaveLength(2);
      const more = await opened(openKernel("debian:6.1", { ...room, wanted: ["fs/smb", "net/sunrpc"] }));
      expect(await more.list("fs")).toHaveLength(2);
      expect(lines.slice(2)).toEqual(["unpacking fs/smb from linux-source-6.1_6.1.7-1_all.deb"]);
      // What earlier runs left in the cache does not show.
      const less = await opened(openKernel("debian:6.1", room));
      expect(await less.list("fs")).toEqual([]);
      expect(await less.read("fs/smb/client/connect.c")).toBeNull();
      expect(lines).toHaveLength(3);
    });
    expect(readdirSync(join(room.cacheDirectory, "tmp"))).toEqual([]);
  });

  test("a folder that the package does not have is looked for once", async () => {
    const lines: string[] = [];
    const room = options({ progress: (line) => lines.push(line) });
    const apt = await fakeApt(["6.1"]);
    await withPath([apt, "/usr/bin", "/bin"], async () => opened(openKernel("debian:6.1", room)));
    expect(lines).toHaveLength(2);
    await withPath(["/nonexistent"], async () => opened(openKernel("debian:6.1", room)));
    expect(lines).toHaveLength(2);
  });

  test("never touches the system's apt state", async () => {
    const apt = await fakeApt(["6.1"]);
    const room = options();
    await withPath([apt, "/usr/bin", "/bin"], () => expectInputError(openKernel("debian:6.9", room), /debian:6.9/));
    const calls = logOf(apt).trim().split("\n");
    expect(calls.some((call) => call.includes(" update "))).toBe(true);
    for (const call of calls) {
      expect(call).toContain(`Dir::Cache=${room.cacheDirectory}/tmp/`);
      if (call.includes(" update ")) {
        expect(call).toContain(`Dir::State::Lists=${room.cacheDirectory}/tmp/`);
        expect(call).toContain("--config-file=");
      }
    }
  });

  test("no such package, and no fresh lists: nothing is claimed of what Debian has", async () => {
    const apt = await fakeApt(["6.1"]);
    await withPath([apt, "/usr/bin", "/bin"], () =>
      expectInputError(
        openKernel("debian:6.9", options()),
        /^debian:6\.9: the package lists do not have it, and fresh ones cannot be got \(Temporary failure/,
      ),
    );
    expect(logOf(apt).match(/ download /g)).toHaveLength(2);
  });

  test("no network: the reason is given at once", async () => {
    const apt = await fakeApt([], "Temporary failure resolving 'deb.debian.org'");
    await withPath([apt, "/usr/bin", "/bin"], () =>
      expectInputError(openKernel("debian:6.1", options()), /cannot download linux-source-6\.1 \(Temporary failure/),
    );
    expect(logOf(apt)).not.toContain("update");
  });

  test("no apt", async () => {
    await withPath(["/nonexistent"], () =>
      expectInputError(openKernel("debian:6.1", options()), /apt-get is not on this/),
    );
  });

  test("a damaged cache is told, not trusted", async () => {
    const apt = await fakeApt(["6.1"]);
    const room = options();
    await withPath([apt, "/usr/bin", "/bin"], async () => opened(openKernel("debian:6.1", room)));
    const parts = join(room.cacheDirectory, "debian/6.1/parts");
    const part = join(parts, readdirSync(parts)[0] ?? "");
    writeFileSync(join(part, "files/net/sunrpc/xprt.c"), "");
    const source = await opened(openKernel("debian:6.1", room));
    await expectInputError(source.read("net/sunrpc/xprt.c"), /xprt\.c: this file of the cache is damaged/);
    writeFileSync(
      join(part, "manifest.json"),
      '{"wanted": [], "files": [{"path": "../../x", "sizeBytes": 1}], "notes": []}',
    );
    await expectInputError(openKernel("debian:6.1", room), /this part of the cache is damaged; remove it/);
  });

  test("a cache that cannot be written is an InputError", async () => {
    const apt = await fakeApt(["6.1"]);
    const cacheDirectory = join(writeFiles(temporaryFolder(), { file: "" }), "file", "cache");
    await withPath([apt, "/usr/bin", "/bin"], () =>
      expectInputError(openKernel("debian:6.1", options({ cacheDirectory })), /the cache folder cannot be written/),
    );
  });
});

describe("without --kernel", () => {
  async function openDefault(room: ReturnType<typeof options>, path: readonly string[]) {
    const lines: string[] = [];
    const source = await withPath(path, () =>
      opened(openKernel(undefined, { ...room, progress: (line) => lines.push(line) })),
    );
    return { id: source.id, lines };
  }

  test("the current directory, when it is a kernel tree", async () => {
    for (const files of [
      { Makefile: MAKEFILE, Kconfig: "" },
      { Makefile: MAKEFILE, "net/sunrpc/xprt.c": "" },
    ]) {
      const workingDirectory = writeFiles(temporaryFolder(), files);
      const { id, lines } = await openDefault(options({ workingDirectory }), ["/nonexistent"]);
      expect(id).toBe(workingDirectory);
      expect(lines).toEqual([`no --kernel given: using the kernel tree in ${workingDirectory}`]);
    }
  });

  test("not a directory that only looks like one; the newest cached kernel then, without apt", async () => {
    const apt = await fakeApt(["6.1", "6.12", "6.9", "7.2"]);
    const room = options({ workingDirectory: writeFiles(temporaryFolder(), { Makefile: MAKEFILE }) });
    for (const version of ["6.9", "6.12"]) {
      await withPath([apt, "/usr/bin", "/bin"], async () => opened(openKernel(`debian:${version}`, room)));
    }
    mkdirSync(join(room.cacheDirectory, "debian/9.9/parts"), { recursive: true });
    mkdirSync(join(room.cacheDirectory, "debian/x.y/parts/z"), { recursive: true });
    const { id, lines } = await openDefault(room, ["/nonexistent"]);
    expect(id).toBe("debian:6.12");
    expect(lines).toEqual(["no --kernel given: using debian:6.12, the newest in the cache"]);
  });

  test("the newest that apt offers, when none is cached", async () => {
    const apt = await fakeApt(["6.9", "6.12", "6.1"]);
    const { id, lines } = await openDefault(options(), [apt, "/usr/bin", "/bin"]);
    expect(id).toBe("debian:6.12");
    expect(lines[0]).toBe("no --kernel given: using debian:6.12, the newest that apt-get offers");
  });

  test("the sample, when apt has none, with the reason", async () => {
    const sampleDirectory = temporaryFolder();
    const repository = makeRepository(KERNEL);
    mkdirSync(join(sampleDirectory, "history"));
    git(repository, "format-patch", "--quiet", "--root", "-o", join(sampleDirectory, "history"), "HEAD");
    const apt = await fakeApt([]);
    const withApt = await openDefault(options({ sampleDirectory }), [apt, "/usr/bin", "/bin"]);
    expect(withApt.id).toBe("sample");
    expect(withApt.lines).toContainEqual(
      expect.stringMatching(/^no --kernel given: using the sample kernel, .*Temporary failure/),
    );
    const onlyGit = temporaryFolder();
    cpSync("/usr/bin/git", join(onlyGit, "git"));
    const without = await openDefault(options({ sampleDirectory }), [onlyGit, "/bin/nonexistent"]);
    expect(without.lines[0]).toMatch(/no --kernel given: using the sample kernel, .*apt-cache is not on this machine/);
  });
});

describe("finding things by looking", () => {
  test.each([
    [{ "fs/smb/client/connect.c": "", "fs/cifs/connect.c": "" }, "fs/smb/client"],
    [{ "fs/cifs/connect.c": "" }, "fs/cifs"],
    [{ "fs/smb/client/Kconfig": "", "fs/cifs/connect.c": "" }, "fs/cifs"],
    [{ "fs/smb/server/x.c": "" }, null],
  ])("the SMB client in %j", async (files, folder) => {
    const directory = writeFiles(temporaryFolder(), { Makefile: MAKEFILE, ...files });
    expect(await smbClientFolder(await opened(openKernel(directory, options())))).toBe(folder);
  });

  test.each([
    [{ "kernel/time/timer.c": "" }, "kernel/time/timer.c"],
    [{ "kernel/timer.c": "" }, "kernel/timer.c"],
    [{ "kernel/time/timer.c/x.c": "" }, null],
    [{}, null],
  ])("the timer wheel in %j", async (files, path) => {
    const directory = writeFiles(temporaryFolder(), { Makefile: MAKEFILE, ...files });
    expect(await timerSource(await opened(openKernel(directory, options())))).toBe(path);
  });
});
