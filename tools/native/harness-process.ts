/** A compiled slice as a process of its own: scripts go in, events come out, and nothing else does. */
import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";

/** A harness that ended, or that took too long. */
export class HarnessError extends Error {}

/** A frame takes a second at most; its own limit of CPU time is 2 s for each history. */
const FRAME_SECONDS = 180;
const MAX_STDERR = 2000;
/** Of an answer: some hundred times what a frame of histories makes. */
const MAX_WORDS = 1 << 25;
const WORD = 4;

interface Waiting {
  readonly resolve: (words: Int32Array) => void;
  readonly reject: (error: Error) => void;
}

export class HarnessProcess {
  private readonly child: ChildProcessWithoutNullStreams;
  private readonly waiting: Waiting[] = [];
  /** The length of an answer in words, then the answer, and how many bytes of either are there. */
  private readonly head = Buffer.alloc(WORD);
  private answer: Uint8Array<ArrayBuffer> | null = null;
  private received = 0;
  private ended: HarnessError | null = null;
  private said = "";
  private timer: NodeJS.Timeout | null = null;
  /** Bytes of each layout's struct, and the ordinals behind its places: the first that the harness tells. */
  readonly sizes: Promise<Int32Array>;

  constructor(executable: string) {
    // It needs nothing of the surroundings: no variables, no folder.
    this.child = spawn(executable, [], { stdio: ["pipe", "pipe", "pipe"], env: {} });
    this.child.stdout.on("data", (chunk: Buffer) => this.take(chunk));
    this.child.stderr.on("data", (chunk: Buffer) => {
      if (this.said.length < MAX_STDERR) this.said += chunk.toString("latin1");
    });
    this.child.stdin.on("error", () => undefined);
    this.child.on("error", (error) => this.end(`cannot be run: ${error.message}`));
    this.child.on("close", (code, signal) =>
      this.end(signal === null ? `ended with ${code}` : `was ended by ${signal}`),
    );
    this.sizes = this.next();
    this.sizes.catch(() => undefined);
  }

  /**
   * Runs the histories of a frame.
   *
   * @param script histories, each with its length before it
   * @param withPlaces whether each event is to say where it comes from
   * @returns the events of all of them
   */
  async run(script: Uint8Array, withPlaces = false): Promise<Int32Array> {
    // The script's memory is the recorder's, which writes it anew while this frame waits in the pipe.
    const frame = Buffer.allocUnsafe(2 * WORD + script.byteLength);
    frame.writeInt32LE(script.byteLength / WORD, 0);
    frame.writeInt32LE(withPlaces ? 1 : 0, WORD);
    frame.set(script, 2 * WORD);
    const answer = this.next();
    this.child.stdin.write(frame);
    return answer;
  }

  /** Ends the process. */
  close(): void {
    this.ended ??= new HarnessError("was closed");
    if (this.timer !== null) clearTimeout(this.timer);
    this.child.stdin.destroy();
    this.child.kill("SIGKILL");
  }

  private next(): Promise<Int32Array> {
    return new Promise((resolve, reject) => {
      if (this.ended !== null) reject(this.ended);
      else {
        this.waiting.push({ resolve, reject });
        this.limit();
      }
    });
  }

  private limit(): void {
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer =
      this.waiting.length === 0
        ? null
        : setTimeout(() => {
            this.end(`did not answer within ${FRAME_SECONDS} s`);
            this.child.kill("SIGKILL");
          }, FRAME_SECONDS * 1000);
  }

  private take(chunk: Buffer): void {
    for (let at = 0; at < chunk.length && this.ended === null; ) {
      const to = this.answer ?? this.head;
      const count = Math.min(to.length - this.received, chunk.length - at);
      to.set(chunk.subarray(at, at + count), this.received);
      this.received += count;
      at += count;
      if (this.received === to.length) this.complete();
    }
  }

  /** The length of an answer, or all of it, is there. */
  private complete(): void {
    this.received = 0;
    if (this.answer === null) {
      const words = this.head.readInt32LE(0);
      if (words < 0 || words > MAX_WORDS) {
        this.end("answers what is no answer");
        this.child.kill("SIGKILL");
        return;
      }
      this.answer = new Uint8Array(WORD * words);
      if (this.answer.length > 0) return;
    }
    const { buffer } = this.answer;
    this.answer = null;
    this.waiting.shift()?.resolve(new Int32Array(buffer));
    this.limit();
  }

  private end(what: string): void {
    this.ended ??= new HarnessError(`the compiled slice ${what}${this.said === "" ? "" : `: ${this.said.trim()}`}`);
    for (const { reject } of this.waiting.splice(0)) reject(this.ended);
    if (this.timer !== null) clearTimeout(this.timer);
  }
}
