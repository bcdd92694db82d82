/** Lines of TypeScript with the C line behind each. */

export interface Line {
  text: string;
  readonly depth: number;
  /** Line of the C file; null for what only TypeScript needs. */
  readonly source: number | null;
}

export class Writer {
  readonly lines: Line[] = [];
  depth = 0;

  add(text: string, source: number | null = null): Line {
    const line: Line = { text, depth: this.depth, source };
    this.lines.push(line);
    return line;
  }

  /** What is written inside is one level deeper. */
  inside(write: () => void): void {
    this.depth++;
    write();
    this.depth--;
  }
}
