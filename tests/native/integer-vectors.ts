/**
 * What random expressions are evaluated on: values at the edges of types, moments near jiffies, and jiffies near each
 * of their wraps.
 */
import { initialJiffies } from "../../tools/simulator/clock.ts";
import { below, type Generator32, seededGenerator } from "../../tools/simulator/random.ts";
import { INPUTS } from "./expressions.ts";
import type { Vector } from "./integers-compiled.ts";

const RATES = [100, 250, 300, 1000];
/** Where jiffies, or the sign of a difference of them, turns over in 32 and in 64 bits. */
const WRAPS = [2n ** 32n, 2n ** 63n, 2n ** 64n, 2n ** 31n, 0n];
const PER_BATCH = 4;

function one<T>(generator: Generator32, list: readonly T[]): T {
  return list[below(generator, list.length)] as T;
}

/** A number around zero, mostly a few ticks, sometimes many seconds. */
function offset(generator: Generator32, hz: number): bigint {
  const span = one(generator, [3, 10, hz + 2, 400 * hz]);
  return BigInt(below(generator, 2 * span) - span);
}

function anyBits(generator: Generator32): bigint {
  return BigInt.asIntN(64, (BigInt(generator.next()) << 32n) | BigInt(generator.next()));
}

function input(generator: Generator32, jiffies: bigint, hz: number): bigint {
  switch (below(generator, 6)) {
    case 0:
      return BigInt(below(generator, 9) - 4);
    case 1: {
      // The edges of every type and every bit-field.
      const edge = 1n << BigInt(below(generator, 64));
      return (below(generator, 2) === 0 ? edge : -edge) + BigInt(below(generator, 3) - 1);
    }
    case 2:
      return one(generator, [
        -1n,
        127n,
        255n,
        32_768n,
        65_535n,
        2n ** 31n - 1n,
        2n ** 32n - 1n,
        2n ** 53n,
        2n ** 63n - 1n,
      ]);
    case 3:
      return jiffies + offset(generator, hz);
    default:
      return anyBits(generator) >> BigInt(below(generator, 64));
  }
}

/** The vectors of a batch; several batches go round all wraps with all rates. */
export function vectorsOf(batch: number): readonly Vector[] {
  const generator = seededGenerator(1_000_003 * (batch + 1));
  return Array.from({ length: PER_BATCH }, (_, i) => {
    const hz = RATES[(batch + i) % RATES.length] as number;
    const wrap = i === 0 ? BigInt(initialJiffies(hz)) : (WRAPS[(batch + i) % WRAPS.length] as bigint);
    const jiffies = BigInt.asIntN(64, wrap + offset(generator, hz));
    const inputs = Array.from({ length: INPUTS }, () => BigInt.asIntN(64, input(generator, jiffies, hz)));
    return { inputs, jiffies, hz };
  });
}
